// The cart: kept in localStorage (nothing in it is secret), the same in every tab, and gone only
// when it is ordered or emptied. Prices in it are for display; the API prices the order.

import { local, perTab } from "./storage.js";

const KEY = "foreshore.cart";
const ATTEMPT_KEY = "foreshore.order-attempt";
export const MAX_QUANTITY = 20;

class Cart extends EventTarget {
  #lines = local.read(KEY) ?? [];

  constructor() {
    super();
    addEventListener("storage", (event) => {
      if (event.key !== KEY) return;
      this.#lines = local.read(KEY) ?? [];
      this.#changed();
    });
  }

  /** [{item: {id, name, price_cents, stock}, quantity}] in the order they were added. */
  get lines() {
    return this.#lines;
  }

  get count() {
    return this.#lines.reduce((sum, line) => sum + line.quantity, 0);
  }

  get totalCents() {
    return this.#lines.reduce((sum, line) => sum + line.quantity * line.item.price_cents, 0);
  }

  quantityOf(itemId) {
    return this.#lines.find((line) => line.item.id === itemId)?.quantity ?? 0;
  }

  /** Add some of an item. Returns how many were added: stock and MAX_QUANTITY limit it. */
  add(item, quantity = 1) {
    const before = this.quantityOf(item.id);
    this.set(item, before + quantity);
    return this.quantityOf(item.id) - before;
  }

  /** Make the line of an item hold this many; 0 removes it. */
  set(item, quantity) {
    const allowed = Math.max(0, Math.min(quantity, limitOf(item)));
    const kept = { id: item.id, name: item.name, price_cents: item.price_cents, stock: item.stock };
    const index = this.#lines.findIndex((line) => line.item.id === item.id);
    const lines = [...this.#lines];
    if (allowed === 0) lines.splice(index, index < 0 ? 0 : 1);
    else if (index < 0) lines.push({ item: kept, quantity: allowed });
    else lines[index] = { item: kept, quantity: allowed };
    this.#save(lines);
  }

  clear() {
    this.#save([]);
    perTab.remove(ATTEMPT_KEY);
  }

  /** The body of POST /orders. */
  order() {
    return { lines: this.#lines.map(({ item, quantity }) => ({ item_id: item.id, quantity })) };
  }

  /**
   * The Idempotency-Key for ordering exactly these lines. It outlives a lost answer and a reload, so
   * that a second press cannot become a second order; another cart, or a cleared one, gets another.
   */
  idempotencyKey(userId) {
    const body = JSON.stringify([userId, this.order()]);
    const attempt = perTab.read(ATTEMPT_KEY);
    if (attempt?.body === body) return attempt.key;
    const key = randomKey();
    perTab.write(ATTEMPT_KEY, { body, key });
    return key;
  }

  /** The API has refused the order for good: the next attempt is a new one. */
  forgetAttempt() {
    perTab.remove(ATTEMPT_KEY);
  }

  #save(lines) {
    this.#lines = lines;
    local.write(KEY, lines);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** How many of an item one order may hold. */
export const limitOf = (item) => Math.min(item.stock, MAX_QUANTITY);

function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is for secure contexts only.
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const cart = new Cart();
