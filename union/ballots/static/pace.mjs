// Runs long arithmetic on the page without freezing it: a few milliseconds at a time, then the browser's turn.
// A worker would need an exception to the Trusted Types policy (its address is a script sink), and would hold the same
// secrets in a second place.

// A message to oneself takes its turn among timers, input and painting; `scheduler.yield` would go before them all, and a
// timer waits four milliseconds too long.
const waiting = [];
const { port1, port2 } = new MessageChannel();
port1.onmessage = () => waiting.shift()();

/** Lets the browser have its turn. */
export const pause = () => new Promise((done) => {
  waiting.push(done);
  port2.postMessage(null);
});

/** Runs a generator to its end and returns its value; `onPiece(count)` hears how many pieces are done. slice: milliseconds. */
export async function paced(generator, onPiece = () => {}, slice = 10) {
  let count = 0;
  for (;;) {
    const until = performance.now() + slice;
    do {
      const { done, value } = generator.next();
      if (done) return value;
      count += 1;
    } while (performance.now() < until);
    onPiece(count);
    await pause();
  }
}
