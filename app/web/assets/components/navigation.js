// The masthead's navigation: follows the session and the cart.

import { notify } from "../announce.js";
import { cart } from "../cart.js";
import { h, hidden } from "../dom.js";
import { count } from "../format.js";
import { navigate } from "../router.js";
import { session } from "../session.js";
import { icon } from "./icon.js";

export function mountNavigation(nav) {
  const number = h("span", { class: "cart-link__count", "aria-hidden": "true" });
  const said = hidden("");
  const cartLink = h("a", { class: "cart-link", href: "/cart" }, icon("cart"), h("span", { class: "cart-link__label" }, "Cart"), number, said);
  const account = h("div", { class: "account" });
  nav.append(h("a", { class: "masthead__link", href: "/orders" }, "Orders"), account, cartLink);

  const showCart = () => {
    number.textContent = cart.count > 99 ? "99+" : String(cart.count);
    number.hidden = cart.count === 0;
    said.textContent = cart.count === 0 ? "(empty)" : `(${count(cart.count, "item")})`;
  };
  const showAccount = () => {
    account.replaceChildren(...(session.user ? signedIn(session.user) : [signInLink()]));
  };
  cart.addEventListener("change", showCart);
  session.addEventListener("change", showAccount);
  showCart();
  showAccount();
}

function signInLink() {
  return h("a", { class: "masthead__link", href: "/sign-in" }, "Sign in");
}

function signedIn(user) {
  const firstName = user.name.trim().split(/\s+/)[0];
  return [
    h("span", { class: "account__name", title: user.email }, hidden("Signed in as "), firstName),
    h("button", { class: "masthead__link", type: "button", on: { click: signOut } }, "Sign out"),
  ];
}

async function signOut() {
  const done = session.signOut(); // Out at once; what follows is between the browser and the API.
  await navigate("/");
  notify("You are signed out.");
  await done;
}
