import { baseName, extension } from '../lib/paths'

/** The text files of a workspace, and those of a name. */
export interface TextFiles {
  has: (path: string) => boolean
  called: (name: string) => readonly string[]
}

/** From the paths of all text files. */
export function textFiles(paths: Iterable<string>): TextFiles {
  const all = new Set(paths)
  const byName = new Map<string, string[]>()
  for (const path of all) {
    const name = baseName(path)
    byName.set(name, [...(byName.get(name) ?? []), path])
  }
  return { has: (path) => all.has(path), called: (name) => byName.get(name) ?? [] }
}

// What may have blanks is in quotes or backticks; a bare word is a name if it looks like that of a file.
const words = /@"([^"\n]+)"|`([^`\n]+)`|([\p{L}\p{N}_./-]+)/gu
const bareName = /[^.][./]/

/** The files that a text names, by their path or by a name that only one of them has, each once, in order. */
export function namedFiles(text: string, files: TextFiles): string[] {
  const found = new Set<string>()
  for (const [, quoted, ticked, bare] of text.matchAll(words)) {
    const name = quoted ?? ticked ?? bare?.replace(/\.+$/, '') ?? ''
    if (bare !== undefined && !bareName.test(name)) continue
    const [only, ...others] = files.called(name)
    if (files.has(name)) found.add(name)
    else if (only !== undefined && others.length === 0) found.add(only)
  }
  return [...found]
}

/** For each fenced block of a text, the paragraph before it. */
export function introductions(text: string): string[] {
  const found: string[] = []
  let paragraph: string[] = []
  let ended = false
  let fence: string | null = null
  for (const line of text.split('\n')) {
    const words = line.replace(/^[\s>]+/, '')
    const mark = /^(?:`{3,}|~{3,})/.exec(words)?.[0]
    if (fence !== null) {
      if (mark?.startsWith(fence) && words.trimEnd() === mark) fence = null
      continue
    }
    if (mark !== undefined) {
      found.push(paragraph.join('\n'))
      paragraph = []
      fence = mark
    } else if (words === '') ended = true
    else {
      if (ended) paragraph = []
      ended = false
      paragraph.push(words)
    }
  }
  return found
}

const extensions: Record<string, readonly string[]> = {
  bash: ['sh', 'bash'],
  'c++': ['cpp', 'cc', 'hpp', 'h'],
  csharp: ['cs'],
  javascript: ['js', 'mjs', 'cjs', 'jsx'],
  kotlin: ['kt'],
  markdown: ['md', 'markdown'],
  python: ['py', 'pyi'],
  ruby: ['rb'],
  rust: ['rs'],
  shell: ['sh', 'bash'],
  text: ['txt'],
  typescript: ['ts', 'tsx'],
  yaml: ['yaml', 'yml'],
}

const isOf = (language: string, path: string) =>
  (extensions[language.toLowerCase()] ?? [language.toLowerCase()]).includes(extension(path))

export interface Code {
  /** What stands behind the fence: the language, and what comes after it. */
  language: string
  hint: string
  /** The number of the block in its message. */
  block: number
}

interface Said {
  question: string
  answer: string
  /** Files that the question names by `@`, and the one that was open when it was asked. */
  mentions: readonly string[]
  about: string | null
  /** The file that is open now. */
  open: string | null
}

/** The files that a code block may be meant for, the most likely one first. */
export function filesOfBlock(code: Code, said: Said, files: TextFiles): string[] {
  const { language, hint, block } = code
  const rank = (path: string) => Number(!isOf(language, path)) * 2 + Number(path !== said.open)
  const likely = (paths: readonly string[]) => [...paths].sort((a, b) => rank(a) - rank(b))
  const inAnswer = namedFiles(said.answer, files)
  const before = introductions(said.answer)[block] ?? ''
  const all = [
    ...namedFiles(`${language} ${hint}`, files),
    ...namedFiles(before, files).reverse(),
    ...likely([...said.mentions, ...namedFiles(said.question, files)]),
    ...likely(inAnswer.filter((path) => isOf(language, path))),
    ...[said.about, said.open].filter((path) => path !== null),
    ...inAnswer,
  ]
  return [...new Set(all)].filter((path) => files.has(path))
}
