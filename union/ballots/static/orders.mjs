// Questions that are put in order or graded. An order is made with buttons alone, so that keyboard, thumb and screen
// reader do the same; nothing is dragged. A choice is a list of numbers, one an answer: its place or grade from 1, or 0.

import { element, fill } from "./page.mjs";

const orders = new WeakMap(); // box → the numbers of the answers, best first

const placed = (choice) => choice.map((rank, i) => [rank, i]).filter(([rank]) => rank).sort(([a], [b]) => a - b).map(([, i]) => i);

function button(text, about, act) {
  const made = element("button", "button button--secondary", text, element("span", "hidden", ` ${about}`));
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

/** The blank choice at the end of the question: everything is zero. */
function blankCard(id, checked, words) {
  const input = element("input");
  Object.assign(input, { type: "checkbox", name: "blank", value: "blank", id, checked });
  const said = element("span", "choice__text", element("b", "", words.blank), element("span", "", words.blank_note));
  const card = element("label", "choice", input, said);
  card.htmlFor = id;
  return card;
}

function listOf(box, question, words, order, redraw) {
  const { answers } = question;
  const move = (place, step, what) => () => {
    const [answer] = order.splice(place, 1);
    if (step !== null) order.splice(place + step, 0, answer);
    redraw(answer, what);
  };
  return order.map((answer, place) => {
    const row = element("li", "orders__row", element("p", "", element("b", "", `${place + 1}. `), answers[answer]));
    row.dataset.answer = answer;
    const acts = element("div", "cluster");
    const add = (what, text, step) => {
      const made = button(text, answers[answer], move(place, step, what));
      made.dataset.act = what;
      acts.append(made);
    };
    if (place > 0) add("up", words.higher, -1);
    if (place < order.length - 1) add("down", words.lower, 1);
    add("out", words.leave_out, null);
    row.append(acts);
    return row;
  });
}

/** Where focus goes after a step: the same button of the same answer, else the next thing to do. */
function follow(box, answer, what) {
  const row = box.querySelector(`[data-answer="${answer}"]`);
  const next = what === "add" || what === "out" ? box.querySelector('[data-act="add"]') : null;
  const same = row.querySelector(`[data-act="${what}"]`);
  (next ?? same ?? row.querySelector("button")).focus();
}

function drawRanking(box, question, choice, words) {
  const { answers } = question;
  const order = choice ? placed(choice) : [];
  orders.set(box, order);
  const said = element("p", "hidden");
  said.setAttribute("role", "status");
  const lists = element("div", "orders stack");
  const redraw = (answer = null, what = "") => {
    const rest = answers.map((_, i) => i).filter((i) => !order.includes(i)).map((i) => {
      const row = element("li", "orders__row", element("p", "", answers[i]));
      row.dataset.answer = i;
      const add = button(words.add, answers[i], () => { order.push(i); redraw(i, "add"); });
      add.dataset.act = "add";
      row.append(element("div", "cluster", add));
      return row;
    });
    const parts = [];
    if (order.length) {
      parts.push(element("h2", "orders__title", words.my_order), element("ol", "orders__list", ...listOf(box, question, words, order, redraw)));
    }
    if (rest.length) {
      parts.push(element("h2", "orders__title", words.not_ranked), element("ul", "orders__list", ...rest));
    }
    lists.replaceChildren(...parts);
    lists.querySelector("button").id = "answer-0";
    if (answer === null) return;
    const place = order.indexOf(answer) + 1;
    said.textContent = place
      ? fill(words.now_at, { answer: answers[answer], n: place, count: order.length })
      : fill(words.now_out, { answer: answers[answer] });
    box.querySelector("[name=blank]").checked = false;
    follow(box, answer, what);
  };
  const blank = blankCard("answer-blank", Boolean(choice) && !order.length, words);
  box.replaceChildren(lists, said, blank);
  redraw();
  box.onchange = ({ target }) => {
    if (target.name !== "blank" || !target.checked) return;
    order.length = 0;
    redraw();
  };
}

function drawGrading(box, { answers, grades }, choice, words) {
  let id = 0;
  const rows = answers.map((answer, i) => {
    const cards = grades.map((grade, g) => {
      const input = element("input");
      const checked = choice?.[i] === g + 1;
      Object.assign(input, { type: "radio", name: `grade-${i}`, value: String(g + 1), id: `answer-${id}`, checked });
      id += 1;
      const card = element("label", "choice grades__grade", input, element("span", "choice__text", grade));
      card.htmlFor = input.id;
      return card;
    });
    return element("fieldset", "grades", element("legend", "", answer), element("div", "grades__row", ...cards));
  });
  const blank = Boolean(choice) && choice.every((grade) => !grade);
  box.replaceChildren(...rows, blankCard("answer-blank", blank, words));
  box.onchange = ({ target }) => {
    const clear = target.name === "blank" ? "input[type=radio]" : "[name=blank]";
    if (target.checked) box.querySelectorAll(clear).forEach((input) => { input.checked = false; });
  };
}

/** What a voter may do, in words. */
export const rule = ({ ranked }, words) => (ranked === "grading" ? words.rule_grading : words.rule_ranking);

/** Puts the question into `box`, with the earlier choice in place. */
export function draw(box, question, choice, words) {
  (question.ranked === "grading" ? drawGrading : drawRanking)(box, question, choice, words);
}

/** The choice made in `box`, or null while something is missing. */
export function read(box, { ranked, answers }) {
  if (box.querySelector("[name=blank]").checked) return answers.map(() => 0);
  if (ranked === "grading") {
    const grades = answers.map((_, i) => Number(box.querySelector(`[name=grade-${i}]:checked`)?.value ?? 0));
    return grades.every((grade) => grade) ? grades : null;
  }
  const order = orders.get(box);
  return order.length ? answers.map((_, i) => order.indexOf(i) + 1) : null;
}

/** A choice in words, one text a line. */
export function inWords({ ranked, answers, grades }, choice, words) {
  if (choice.every((value) => !value)) return [words.blank];
  if (ranked === "grading") return answers.map((answer, i) => `${answer}: ${grades[choice[i] - 1] ?? "–"}`);
  const order = placed(choice);
  const out = answers.filter((_, i) => !choice[i]);
  const lines = order.map((i, place) => `${place + 1}. ${answers[i]}`);
  return out.length ? [...lines, fill(words.left_out, { answers: out.join(", ") })] : lines;
}
