// Questions as cards and answers as sentences. A choice is a list of 0 and 1, the blank slot first where there is one,
// as the sealing wants it; of orders and grades see orders.mjs.

import * as orders from "./orders.mjs";
import { element, fill } from "./page.mjs";

/** What a voter may choose, in words. */
export function rule(question, words) {
  if (question.ranked) return orders.rule(question, words);
  const { min, max, blank } = question;
  let text = words.rule_range;
  if (min === max) text = max === 1 ? words.rule_one : words.rule_exact;
  else if (min === 0) text = max === 1 ? words.rule_up_to_one : words.rule_up_to;
  const filled = fill(text, { min, max });
  return blank ? `${filled} ${words.rule_blank}` : filled;
}

/** Options of a question as [value, text, note]; value is an answer's number, "none" or "blank". */
function options({ answers, min, max, blank }, words) {
  const list = answers.map((text, i) => [String(i), text, ""]);
  if (max === 1 && min === 0) list.push(["none", words.none, ""]);
  if (blank) list.push(["blank", words.blank, words.blank_note]);
  return list;
}

/** The values that a choice selects. */
function selected({ answers, min, max, blank }, choice) {
  if (!choice) return [];
  if (blank && choice[0]) return ["blank"];
  const bits = blank ? choice.slice(1) : choice;
  const values = answers.map((_, i) => String(i)).filter((_, i) => bits[i]);
  return values.length || max > 1 || min > 0 ? values : ["none"];
}

/** Puts the cards of a question into `box`, with the earlier choice selected. */
export function draw(box, question, choice, words) {
  if (question.ranked) {
    orders.draw(box, question, choice, words);
    return;
  }
  const type = question.max === 1 ? "radio" : "checkbox";
  const chosen = selected(question, choice);
  const cards = options(question, words).map(([value, text, note], i) => {
    const input = element("input");
    Object.assign(input, { type, name: "answer", value, id: `answer-${i}`, checked: chosen.includes(value) });
    const words_ = element("span", "choice__text", element("b", "", text));
    if (note) words_.append(element("span", "", note));
    const card = element("label", "choice", input, words_);
    card.htmlFor = input.id;
    return card;
  });
  box.replaceChildren(...cards);
  if (type === "checkbox" && question.blank) {
    box.onchange = ({ target }) => {
      if (!target.checked) return;
      for (const input of box.querySelectorAll("input")) {
        if ((input.value === "blank") !== (target.value === "blank")) input.checked = false;
      }
    };
  } else {
    box.onchange = null;
  }
}

/** The choice made in `box`, or null when the question does not allow it. */
export function read(box, question) {
  if (question.ranked) return orders.read(box, question);
  const { answers, min, max, blank } = question;
  const values = Array.from(box.querySelectorAll("input:checked"), (input) => input.value);
  const bits = answers.map((_, i) => (values.includes(String(i)) ? 1 : 0));
  if (values.includes("blank")) return [1, ...bits.fill(0)];
  const sum = bits.reduce((total, bit) => total + bit, 0);
  if (sum < min || sum > max || (max === 1 && values.length === 0)) return null;
  return blank ? [0, ...bits] : bits;
}

/** A choice in words, one text per selected answer. */
export function inWords(question, choice, words) {
  if (question.ranked) return orders.inWords(question, choice, words);
  const byValue = Object.fromEntries(options(question, words));
  const chosen = selected(question, choice).map((value) => byValue[value]);
  return chosen.length ? chosen : [words.none];
}
