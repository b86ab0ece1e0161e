/** Which source line each block of a preview came from. Beside the elements, so that a shifted block stays equal. */
export type BlockLines = WeakMap<Element, number>

/**
 * Makes `target` show the blocks of `fresh`, keeping the elements of all blocks before and behind those that differ:
 * images do not load again, selections and scroll positions stay.
 */
export function patchBlocks(target: Element, fresh: DocumentFragment, lines: BlockLines): void {
  const next = [...fresh.children]
  const lineOf = new Map<Element, number>()
  for (const block of next) {
    lineOf.set(block, Number(block.getAttribute('data-line') ?? 0))
    block.removeAttribute('data-line')
  }
  const now = [...target.children]
  const isSame = (a: Element | undefined, b: Element | undefined) =>
    a !== undefined && b !== undefined && a.isEqualNode(b)
  let head = 0
  while (head < Math.min(now.length, next.length) && isSame(now[head], next[head])) head += 1
  let tail = 0
  while (
    tail < Math.min(now.length, next.length) - head &&
    isSame(now[now.length - 1 - tail], next[next.length - 1 - tail])
  ) {
    tail += 1
  }
  const behind = now[now.length - tail] ?? null
  for (const block of now.slice(head, now.length - tail)) block.remove()
  for (const block of next.slice(head, next.length - tail)) target.insertBefore(block, behind)
  next.forEach((block, index) => {
    const shown = target.children[index]
    if (shown !== undefined) lines.set(shown, lineOf.get(block) ?? 0)
  })
}
