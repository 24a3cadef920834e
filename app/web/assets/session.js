// Who is signed in.
//
// The access token lives in this module's memory only: it is what opens the API, it lasts minutes,
// and nothing that can read the disk or another tab's storage finds it.
//
// The refresh token lives in this browser's storage (vault.js), and that is a choice:
// - sessionStorage would sign a shopper out in every new tab, and a *duplicated* tab would copy the
//   token; two tabs rotating copies of one token look like theft, and the API then revokes the family;
// - an HttpOnly cookie would hide it from a script that got in, but asks for CSRF defences, and for
//   an API that sets cookies; ours speaks plain OAuth2, to sites and to other clients alike;
// - so: one token for all tabs, rotated under a Web Lock so that tabs take turns and each uses the
//   newest. What limits a stolen one: the CSP lets no foreign script run, the token is spent by its
//   first use, and a second use revokes its whole family.
//
// Who it is (id, name, e-mail) is in localStorage, so that a page shows it at once, and the token is
// rotated only when something is asked for: a page left while its rotation is on the way loses the
// answer, and with it the session. Rotating at every load would make that likely.

import { Problem, request } from "./api.js";
import { local } from "./storage.js";
import { vault } from "./vault.js";

const KEY = "foreshore.user";
const EARLY_MS = 10_000; // Refresh this long before the access token ends, for slow lines.

class Session extends EventTarget {
  #user = local.read(KEY);
  #access = null;
  #accessEnds = 0;
  #renewing = null;

  constructor() {
    super();
    addEventListener("storage", (event) => {
      // In another tab: signed out, or in as somebody else. The event tells who; see vault.js on reading.
      if (event.key === KEY) this.#become(event.newValue ? JSON.parse(event.newValue) : null);
    });
  }

  /** Who is signed in: {id, name, email}, or null. Whether the API still agrees, a request tells. */
  get user() {
    return this.#user;
  }

  async register({ name, email, password }) {
    await request("POST", "/users", { json: { name, email, password } });
    await this.signIn({ email, password });
  }

  async signIn({ email, password }) {
    const tokens = await request("POST", "/auth/token", { form: { username: email, password } });
    const { id, name } = await request("GET", "/auth/me", { token: tokens.access_token });
    await vault.alone(() => vault.write(tokens.refresh_token));
    local.write(KEY, { id, name, email });
    this.#become({ id, name, email });
    this.#use(tokens);
  }

  async signOut() {
    this.#leave();
    // After a rotation that is on the way: its token must not come back.
    const token = await vault.alone(async () => {
      const last = await vault.read();
      await vault.write(null);
      return last;
    });
    // Signed out here whatever the API says; it revokes the family when it hears of it.
    if (token) void request("POST", "/auth/logout", { json: { refresh_token: token }, keepalive: true }).catch(() => {});
  }

  /** A request as the signed-in user. A refused access token is renewed once, then it is a 401. */
  async request(method, path, options = {}) {
    const token = await this.#token();
    try {
      return await request(method, path, { ...options, token });
    } catch (error) {
      if (error.status !== 401) throw error;
      return await request(method, path, { ...options, token: await this.#renew(token) });
    }
  }

  async #token() {
    if (this.#access && Date.now() < this.#accessEnds - EARLY_MS) return this.#access;
    return this.#renew(this.#access);
  }

  /** A new access token: once for all who wait, one tab at a time. `stale` is the one that did not serve. */
  async #renew(stale) {
    if (this.#access && this.#access !== stale) return this.#access; // Somebody else was first.
    this.#renewing ??= vault
      .alone(() => this.#rotate())
      .finally(() => {
        this.#renewing = null;
      });
    return this.#renewing;
  }

  async #rotate() {
    const spent = await vault.read(); // Now, not before the lock: another tab may have rotated it meanwhile.
    if (spent === null) throw this.#ended();
    try {
      const tokens = await request("POST", "/auth/refresh", { json: { refresh_token: spent } });
      await vault.write(tokens.refresh_token);
      this.#use(tokens);
    } catch (error) {
      if (error.status !== 401 && error.status !== 400) throw error;
      await vault.write(null);
      throw this.#ended();
    }
    return this.#access;
  }

  #use({ access_token, expires_in }) {
    this.#access = access_token;
    this.#accessEnds = Date.now() + expires_in * 1000;
  }

  #become(user) {
    this.#access = null;
    this.#accessEnds = 0;
    this.#user = user;
    this.dispatchEvent(new Event("change"));
  }

  #leave() {
    local.remove(KEY);
    this.#become(null);
  }

  #ended() {
    this.#leave();
    return new Problem({ status: 401, title: "Signed out", detail: "Your session has ended. Please sign in again." });
  }
}

export const session = new Session();
