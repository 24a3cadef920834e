import { field } from "../components/field.js";
import { h } from "../dom.js";
import { safePath } from "../router.js";
import { session } from "../session.js";
import { accountPage } from "./account.js";

export function signInView({ query, signal }) {
  const next = safePath(query.get("next"));
  const fields = [
    field({ label: "E-mail", name: "email", type: "email", autocomplete: "username", inputmode: "email", required: true, maxlength: 254 }),
    field({ label: "Password", name: "password", type: "password", autocomplete: "current-password", required: true, maxlength: 128, reveal: true }),
  ];
  const node = accountPage({
    title: "Sign in",
    lead: "To place orders, and to see where they are.",
    fields,
    busy: "Signing in",
    send: (values) => session.signIn(values),
    next,
    signal,
    other: ["New here? ", h("a", { href: `/sign-up?next=${encodeURIComponent(next)}` }, "Create an account")],
  });
  return { title: "Sign in", node };
}
