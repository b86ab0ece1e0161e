/**
 * Files that a message names by `@path`, or by `@"a path with spaces"`: the twin of ai/chat/mentions.py.
 * tests/vectors/mentions.json holds both to the same answers; change neither alone.
 */

const mention = /(?<![\p{L}\p{N}_.@/-])@(?:"([^"\n]+)"|(\S+))/gu
const beingTyped = /(?<![\p{L}\p{N}_.@/-])@(?:"([^"\n]*)|([^\s"]*))$/u
const endsSentence = /[.,;:!?)\]}>"'*_`]$/
const mostSigns = 8

/** The paths for which `exists` holds, each once, in order. What ends a sentence need not be part of a path. */
export function mentioned(text: string, exists: (path: string) => boolean): string[] {
  const found = new Set<string>()
  for (const [, quoted, plain] of text.matchAll(mention)) {
    let path = quoted ?? plain ?? ''
    for (let signs = 0; signs < mostSigns; signs++) {
      if (exists(path)) {
        found.add(path)
        break
      }
      if (quoted !== undefined || !endsSentence.test(path)) break
      path = path.slice(0, -1)
    }
  }
  return [...found]
}

/** The mention that is being typed in front of the cursor: where its "@" is, and what follows it so far. */
export function mentionAt(text: string, cursor: number): { start: number; query: string } | null {
  const found = beingTyped.exec(text.slice(0, cursor))
  return found === null ? null : { start: found.index, query: found[1] ?? found[2] ?? '' }
}

/** How a message names the file at this path. */
export const mentionOf = (path: string): string =>
  /[\s]/.test(path) || endsSentence.test(path) ? `@"${path}"` : `@${path}`
