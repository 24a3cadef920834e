// The shop: wires the routes to their views and starts.

import { mountNavigation } from "./components/navigation.js";
import { start } from "./router.js";
import { cartView } from "./views/cart.js";
import { catalogueView } from "./views/catalogue.js";
import { itemView } from "./views/item.js";
import { notFoundView } from "./views/not-found.js";
import { orderView } from "./views/order.js";
import { ordersView } from "./views/orders.js";
import { signInView } from "./views/sign-in.js";
import { signUpView } from "./views/sign-up.js";

mountNavigation(document.getElementById("navigation"));
void start(
  [
    ["/", catalogueView],
    ["/items/:id", itemView],
    ["/cart", cartView],
    ["/orders", ordersView],
    ["/orders/:id", orderView],
    ["/sign-in", signInView],
    ["/sign-up", signUpView],
  ],
  notFoundView,
);
