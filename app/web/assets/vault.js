// Where the refresh token lies: IndexedDB, one value for all tabs.
//
// Not localStorage: browsers run tabs in several processes and hand its changes around when they get to it,
// so that a tab may read a token that another has already spent. An IndexedDB transaction that begins after
// another has completed sees what that one wrote, whichever process it runs in.

const DATABASE = "foreshore";
const STORE = "session";
const KEY = "refresh-token";

let opened = null;
let memory = null; // Where the browser has no IndexedDB for us: signed in for as long as the page is open.

function open() {
  opened ??= new Promise((resolve) => {
    try {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
    } catch {
      resolve(null); // Denied by the browser's settings.
    }
  });
  return opened;
}

/** Resolves when the transaction is complete, and so seen by every other tab. */
async function transact(mode, work) {
  const database = await open();
  if (!database) return undefined;
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode);
    const request = work(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}

export const vault = {
  /** The token, or null. */
  async read() {
    return (await transact("readonly", (store) => store.get(KEY))) ?? memory;
  },

  /** Keep a token, or forget it by null. */
  async write(token) {
    memory = (await open()) ? null : token;
    await transact("readwrite", (store) => (token === null ? store.delete(KEY) : store.put(token, KEY)));
  },

  /** Run alone among all tabs. Web Locks exist in secure contexts (https, localhost); elsewhere, only here. */
  alone: (work) => (navigator.locks ? navigator.locks.request(DATABASE, work) : work()),
};
