// What the booth and the trustees' pages share: one part of the page shown at a time, focus on its heading, an error
// summary, texts from the page, copying and saving. Builds elements, never markup.

/** A text with its {name} fields filled. */
export const fill = (text, facts) => text.replace(/\{(\w+)\}/g, (_, name) => String(facts[name]));

/** A tracker or key as people compare it: groups of four. */
export const grouped = (text) => text.match(/.{1,4}/g).join(" ");

/** A new element with a class and text or children. */
export function element(name, className = "", ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

/** A page of several parts, `[data-page]`, of which one is shown. */
export class Frame {
  /** root: the element that holds the parts; its JSON block `<id>-texts` holds the words. */
  constructor(root) {
    this.root = root;
    this.words = JSON.parse(document.getElementById(`${root.id}-texts`).textContent);
    this.heading = root.querySelector("h1");
    this.problems = root.querySelector("[data-problems]");
    this.title = document.title;
    this.shown = "wait";
    this.place = this.part("place").textContent;
  }

  /** The element with that data-part. */
  part(name) {
    return this.root.querySelector(`[data-part="${name}"]`);
  }

  /** Shows one part; heading replaces the part's own. Moves focus to the heading, as a new page would. */
  show(name, heading = null) {
    this.clear();
    for (const page of this.root.querySelectorAll("[data-page]")) {
      page.hidden = page.dataset.page !== name;
      if (!page.hidden) this.turn(page, heading ?? page.dataset.heading);
    }
    this.shown = name;
    window.scrollTo(0, 0);
    this.heading.focus({ preventScroll: true });
  }

  turn(page, heading) {
    this.heading.textContent = heading;
    this.part("place").textContent = page.dataset.place ?? this.place;
    document.title = `${heading} – ${this.title}`;
    const current = Number(page.dataset.step);
    this.root.querySelectorAll(".steps li").forEach((step, i) => {
      step.className = i + 1 < current ? "steps__done" : i + 1 === current ? "steps__now" : "steps__next";
      if (i + 1 === current) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
    });
  }

  /** Shows what is wrong, {text, target} each, target being the id of a field; focus goes to the summary. */
  problem(...items) {
    const list = this.problems.querySelector("ul");
    list.replaceChildren(...items.map(({ text, target }) => {
      const content = target ? element("a", "", text) : text;
      if (target) content.href = `#${target}`;
      return element("li", "", content);
    }));
    list.querySelectorAll("a").forEach((link) => link.addEventListener("click", (event) => {
      event.preventDefault(); // the fragment is the credential's place: leave it alone
      document.getElementById(link.hash.slice(1)).focus();
    }));
    this.problems.hidden = false;
    if (!document.title.startsWith(this.words.error)) document.title = `${this.words.error} ${document.title}`;
    this.problems.focus();
    this.problems.scrollIntoView({ block: "nearest" });
  }

  clear() {
    this.problems.hidden = true;
  }

  /** Says something to a screen reader and in the part's status line. */
  say(name, text) {
    this.part(name).textContent = text;
  }

  /** Makes a button copy a text and say so. */
  copier(name, text) {
    const button = this.part(name);
    const label = button.textContent;
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text());
      button.textContent = this.words.copied;
      setTimeout(() => { button.textContent = label; }, 3000);
    });
  }
}

/** Words for a failure by its code or name, else the server's own sentence, else the general one. */
export function sentence(failure, words) {
  return words[failure.code?.toLowerCase() ?? failure.name] ?? (failure.text || words.refused);
}

/** Saves a text as a file of the voter's or trustee's own. */
export function save(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = element("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Runs an async listener once at a time: a second press while it works does nothing. */
export function once(listener) {
  let busy = false;
  return async (event) => {
    event?.preventDefault();
    if (busy) return;
    busy = true;
    try {
      await listener(event);
    } finally {
      busy = false;
    }
  };
}
