import { compileGlob } from './glob'

/** What `.editorconfig` files say about one path, as far as the editor follows it. */
export interface EditorConfig {
  style?: 'tab' | 'space'
  /** Columns of one level. */
  size?: number
  /** Columns of a tab. */
  tabWidth?: number
}

export interface ConfigFile {
  /** The folder that it lies in; "" is the workspace. */
  folder: string
  text: string
}

interface Section {
  fits: (path: string) => boolean
  properties: ReadonlyMap<string, string>
}

interface Parsed {
  isRoot: boolean
  sections: readonly Section[]
}

/** Characters of a file that are read: each is compared with every letter of a path. */
const longest = 32_768
const widest = 16

/** Nothing in it is an error: what cannot be understood is passed over, as EditorConfig wants it. */
export function parseEditorConfig(text: string): Parsed {
  let isRoot = false
  let properties: Map<string, string> | null = null
  const sections: Section[] = []
  for (const raw of text
    .replace(/^\uFEFF/, '')
    .slice(0, longest)
    .split(/\r\n|\r|\n/)) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
    if (line.startsWith('[') && line.endsWith(']')) {
      properties = new Map()
      const fits = compileGlob(line.slice(1, -1))
      if (fits !== null) sections.push({ fits, properties })
      continue
    }
    const sign = line.indexOf('=')
    if (sign < 1) continue
    const [name, value] = [
      line.slice(0, sign).trim().toLowerCase(),
      line
        .slice(sign + 1)
        .trim()
        .toLowerCase(),
    ]
    if (properties !== null) properties.set(name, value)
    else if (name === 'root') isRoot = value === 'true'
  }
  return { isRoot, sections }
}

/** `files` are those of the folders around the path. The nearest one wins, and in it what comes last. */
export function editorConfigFor(path: string, files: readonly ConfigFile[]): EditorConfig {
  const nearestFirst = [...files].sort((a, b) => b.folder.length - a.folder.length)
  const parsed: { folder: string; sections: readonly Section[] }[] = []
  for (const { folder, text } of nearestFirst) {
    const { isRoot, sections } = parseEditorConfig(text)
    parsed.unshift({ folder, sections })
    if (isRoot) break
  }
  const found = new Map<string, string>()
  for (const { folder, sections } of parsed) {
    const inside = folder === '' ? path : path.slice(folder.length + 1)
    for (const { fits, properties } of sections) {
      if (fits(inside)) for (const [name, value] of properties) found.set(name, value)
    }
  }
  return meant(found)
}

function meant(found: ReadonlyMap<string, string>): EditorConfig {
  const config: EditorConfig = {}
  const style = found.get('indent_style')
  if (style === 'tab' || style === 'space') config.style = style
  const tabWidth = columns(found.get('tab_width'))
  const size = found.get('indent_size') === 'tab' ? tabWidth : columns(found.get('indent_size'))
  if (size !== undefined) config.size = size
  if (tabWidth !== undefined) config.tabWidth = tabWidth
  return config
}

function columns(value: string | undefined): number | undefined {
  const number = /^\d{1,2}$/.test(value ?? '') ? Number(value) : 0
  return number >= 1 && number <= widest ? number : undefined
}
