import { field } from "../components/field.js";
import { h } from "../dom.js";
import { safePath } from "../router.js";
import { session } from "../session.js";
import { accountPage } from "./account.js";

const SHORTEST_PASSWORD = 8; // The API's rule; said here first.

export function signUpView({ query, signal }) {
  const next = safePath(query.get("next"));
  const fields = [
    field({ label: "Name", name: "name", type: "text", autocomplete: "name", required: true, maxlength: 200 }),
    field({ label: "E-mail", name: "email", type: "email", autocomplete: "username", inputmode: "email", required: true, maxlength: 254 }),
    field({
      label: "Password", name: "password", type: "password", autocomplete: "new-password", required: true,
      minlength: SHORTEST_PASSWORD, maxlength: 128, reveal: true,
      hint: `At least ${SHORTEST_PASSWORD} characters. A short sentence is easy to remember.`,
    }),
  ];
  const node = accountPage({
    title: "Create an account",
    lead: "A name, an e-mail address and a password: no more is asked.",
    fields,
    busy: "Creating the account",
    send: (values) => session.register(values),
    next,
    signal,
    other: ["Have one already? ", h("a", { href: `/sign-in?next=${encodeURIComponent(next)}` }, "Sign in")],
  });
  return { title: "Create an account", node };
}
