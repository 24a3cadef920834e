// Pages that are for the signed-in only.

import { problemState } from "../components/states.js";
import { navigate } from "../router.js";
import { session } from "../session.js";

/**
 * Run `load` for a signed-in person; send others to the sign-in page, and back here afterwards. What
 * fails is shown in `place`, with a way to try again.
 */
export async function forSignedIn(place, signal, load) {
  const toSignIn = () =>
    navigate(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`, { replace: true });
  try {
    if (!session.user) return void (await toSignIn());
    await load();
  } catch (error) {
    if (signal.aborted) return;
    if (error.status === 401) return void (await toSignIn());
    const retry = error.status === 404 ? null : () => forSignedIn(place, signal, load);
    place.replaceChildren(problemState(error, { retry }));
  }
}
