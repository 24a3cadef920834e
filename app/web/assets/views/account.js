// What sign-in and sign-up have in common: a form of fields that shows what the API refuses, where it refuses it.

import { isAbort } from "../api.js";
import { problemLine, whileBusy } from "../components/states.js";
import { h } from "../dom.js";
import { chart } from "../illustration/chart.js";
import { navigate } from "../router.js";

/**
 * A page with one form. `fields` are those of components/field.js; `send(values)` does the work, and the
 * person then goes to `next`. `explain(problem)` may turn a problem into better words.
 */
export function accountPage({ title, lead, fields, busy, send, next, other, signal }) {
  const failure = h("div", { class: "form__failure" });
  const button = h("button", { class: "button button--main button--wide", type: "submit" }, title);

  const submit = (event) => {
    event.preventDefault();
    failure.replaceChildren();
    if (!valid(fields)) return;
    void whileBusy(button, busy, async () => {
      try {
        await send(Object.fromEntries(fields.map(({ input }) => [input.name, input.value])));
        if (!signal.aborted) await navigate(next, { replace: true }); // Not if they have gone elsewhere.
      } catch (error) {
        if (!isAbort(error)) showProblem(error, fields, failure);
      }
    });
  };
  // novalidate: the browser's bubbles vanish and are not all read out; the messages below the fields stay.
  const form = h("form", { class: "form", novalidate: true, on: { submit } }, fields.map(({ node }) => node), failure, button);
  return h(
    "div",
    { class: "wrap page account-page" },
    h("div", {}, h("h1", {}, title), h("p", { class: "lead" }, lead), form, h("p", { class: "account-page__other" }, other)),
    h("div", { class: "account-page__chart" }, chart()),
  );
}

function valid(fields) {
  const wrong = fields.filter(({ input, setError }) => {
    setError(messageOf(input));
    return !input.validity.valid;
  });
  wrong[0]?.input.focus();
  return wrong.length === 0;
}

function messageOf(input) {
  const { validity } = input;
  if (validity.valid) return null;
  if (validity.valueMissing) return "Please fill this in.";
  if (validity.typeMismatch) return "This does not look like an e-mail address.";
  if (validity.tooShort) return `At least ${input.minLength} characters, please.`;
  return input.validationMessage;
}

function showProblem(problem, fields, failure) {
  const named = fields.filter(({ input }) => problem.fields?.[input.name]);
  for (const { input, setError } of named) setError(problem.fields[input.name]);
  if (named.length > 0) named[0].input.focus();
  else failure.replaceChildren(problemLine(problem));
}
