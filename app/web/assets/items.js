// Reads items: pages of the catalogue, and single ones, remembered for as long as the page is open.

import { request } from "./api.js";

const PAGE = 8; // Two rows at a desk, four on a phone.
const seen = new Map();

const remember = (item) => {
  seen.set(String(item.id), item);
  return item;
};

/** One page: {items, next}. `next` is the cursor of the page after it, or null. */
export async function listItems({ q = "", sort = "", cursor = null, limit = PAGE, signal } = {}) {
  const query = new URLSearchParams({ limit: String(limit) });
  if (q) query.set("q", q);
  if (sort) query.set("sort", sort);
  if (cursor) query.set("cursor", cursor);
  const page = await request("GET", `/items?${query}`, { signal });
  page.items.forEach(remember);
  return page;
}

/** The item as the API has it now. */
export async function readItem(id, { signal } = {}) {
  return remember(await request("GET", `/items/${encodeURIComponent(id)}`, { signal }));
}

/** The item as it was last seen, or null: to show something before the API answers. */
export const lastSeen = (id) => seen.get(String(id)) ?? null;
