// The explanation of a decision as a tree that can be opened: slots, their candidates, and what decided each.
import { el } from "./dom.js";

const WORDS = {
  won: "shown",
  filled: "filled",
  no_candidate: "nothing applies",
  bot: "a program",
  consent_missing: "no consent",
  condition_false: "condition not met",
  outside_schedule: "not now",
  holdout: "held out",
  suppressed: "suppressed",
  capped: "seen enough",
  offer_conflict: "has another offer",
  already_seen: "already seen",
  outranked: "outranked",
  no_rendition: "no fitting version",
};

/** A reason code in words, coloured by what it means. */
export function reason(code) {
  const kind = code === "won" || code === "filled" ? "good" : "plain";
  return el("span", { class: `tag tag--${kind}`, title: code }, WORDS[code] ?? code);
}

/** The trace of all slots. */
export function traceTree({ slots = {}, partial = [] }) {
  const missing = partial.length > 0 ? el("p", { class: "note" }, `The token is partial: ${partial.join(", ")} did not fit.`) : "";
  const names = Object.entries(slots);
  if (names.length === 0) return [missing, el("p", { class: "note" }, "This page has no slots.")];
  return [missing, ...names.map(([name, outcomes]) => slotTree(name, outcomes))];
}

function slotTree(name, outcomes) {
  const winner = outcomes.find(({ outcome }) => outcome === "won");
  const summary = el("summary", {}, el("code", {}, name), " ", winner ? el("b", {}, winner.campaign) : reason("no_candidate"));
  return el("details", { open: false }, summary, el("ul", { class: "tree" }, outcomes.map(candidate)));
}

function candidate({ campaign, outcome, detail }) {
  const head = [el("b", {}, campaign), " ", reason(outcome)];
  if (detail === undefined) return el("li", {}, head);
  return el("li", {}, el("details", {}, el("summary", {}, head), tree(detail)));
}

/** Any value as a tree. Parts of conditions carry their result, which is shown as a mark. */
export function tree(value) {
  if (value === null || typeof value !== "object") return el("code", {}, JSON.stringify(value));
  const entries = Object.entries(value);
  return el("ul", { class: "tree" }, entries.map(([key, part]) => branch(key, part, Array.isArray(value))));
}

function branch(key, part, isItem) {
  if (typeof part === "boolean" && ["result", "holds", "is"].includes(key)) {
    return el("li", { class: part ? "yes" : "no" }, part ? "true" : "false");
  }
  const name = isItem ? "" : el("span", { class: "key" }, `${key} `);
  return el("li", {}, name, tree(part));
}
