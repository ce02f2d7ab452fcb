// Long work that leaves the browser free to do what is asked for meanwhile.

/** How long one turn takes, in milliseconds, where the browser has no more time. */
const TURN = 12;

/**
 * Do something with each of some items when the browser has time, and then something more.
 * @template T
 * @param {T[]} items @param {function(T): void} work @param {function(): void} [then]
 * @returns {function(): void} does the rest at once
 */
export function whenIdle(items, work, then) {
  let done = 0;
  let isOver = false;
  const turn = (isTime) => {
    while (done < items.length && isTime()) work(items[done++]);
    if (done < items.length) {
      whenTime(turn);
    } else if (!isOver) {
      isOver = true;
      then?.();
    }
  };
  whenTime(turn);
  return () => turn(() => true);
}

/** Have something done when the browser has time, told whether there still is some. */
function whenTime(turn) {
  const within = (deadline) => {
    const end = performance.now() + TURN;
    turn(() => performance.now() < end || deadline?.timeRemaining() > 1);
  };
  if (window.requestIdleCallback) requestIdleCallback(within, { timeout: 100 });
  else setTimeout(within, 0);
}
