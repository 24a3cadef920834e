// localStorage and sessionStorage, without the throw: a browser may refuse them (private windows,
// policies, a full quota). The shop then works for as long as the page stays open.

class Storage {
  #area;
  #memory = new Map();

  constructor(name) {
    try {
      this.#area = globalThis[name];
    } catch {
      this.#area = null; // Access itself is denied.
    }
  }

  read(key) {
    try {
      const text = this.#area ? this.#area.getItem(key) : this.#memory.get(key);
      return text === null || text === undefined ? null : JSON.parse(text);
    } catch {
      return null; // Not ours, or from an older release: as good as absent.
    }
  }

  write(key, value) {
    const text = JSON.stringify(value);
    try {
      if (!this.#area) throw new DOMException("no storage");
      this.#area.setItem(key, text);
    } catch {
      this.#memory.set(key, text);
      this.#area = null;
    }
  }

  remove(key) {
    this.#memory.delete(key);
    this.#area?.removeItem(key);
  }
}

export const local = new Storage("localStorage");
export const perTab = new Storage("sessionStorage");
