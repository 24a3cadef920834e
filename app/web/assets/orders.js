// Reads orders, and follows one until it is settled.

import { isAbort } from "./api.js";
import { session } from "./session.js";

const FIRST_MS = 500;
const LONGEST_MS = 8_000;
const GROWTH = 1.5;

let placed = null; // The order just placed: its page needs not wait for what we already have.

export const rememberOrder = (order) => {
  placed = order;
};
export const justPlaced = (id) => (placed && String(placed.id) === id ? placed : null);

/** {orders, next}: the newest first. */
export async function listOrders({ cursor = null, signal } = {}) {
  const query = cursor ? `?${new URLSearchParams({ cursor })}` : "";
  return session.request("GET", `/orders${query}`, { signal });
}

export const readOrder = (id, { signal } = {}) => session.request("GET", `/orders/${encodeURIComponent(id)}`, { signal });

export const isSettled = (order) => order.status !== "placed";

/**
 * Ask for the order again, ever less often, until it is settled or the signal aborts; `onOrder` hears each
 * answer, `onProblem` each failure (null when it is over). Nobody looking at the page costs no requests.
 */
export async function follow(order, { signal, onOrder, onProblem }) {
  let wait = FIRST_MS;
  while (!isSettled(order) && !signal.aborted) {
    await pause(wait, signal);
    await visible(signal);
    if (signal.aborted) return;
    wait = Math.min(wait * GROWTH, LONGEST_MS);
    try {
      order = await readOrder(order.id, { signal });
      onProblem(null);
      onOrder(order);
    } catch (error) {
      if (isAbort(error)) return;
      onProblem(error);
      if (error.status === 401 || error.status === 404) return; // Asking again will not help.
    }
  }
}

/** Resolves after the time, or when the signal aborts. */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

/** Resolves when the page is on show. */
function visible(signal) {
  if (document.visibilityState === "visible") return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", resolve, { once: true, signal });
    signal.addEventListener("abort", resolve, { once: true });
  });
}
