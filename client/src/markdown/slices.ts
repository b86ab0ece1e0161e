/** The next turn of the page, or one later: until then it can answer to keys. */
export const turn = (pause = 0) => new Promise<void>((resolve) => setTimeout(resolve, pause))

/** To be awaited between pieces of work: takes a turn whenever they have taken that many milliseconds together. */
export function yieldEvery(milliseconds: number): () => Promise<void> {
  let began = performance.now()
  return async () => {
    if (performance.now() - began < milliseconds) return
    await turn()
    began = performance.now()
  }
}
