import { extension } from './paths'

const prose = new Set(['md', 'markdown', 'mdx', 'txt', 'rst', 'adoc', 'tex', 'org', ''])

/** Whether lines of the file are paragraphs, which wrap, rather than code, which does not. */
export const isProse = (path: string) => prose.has(extension(path))

export const isMarkdown = (path: string) => ['md', 'markdown', 'mdx'].includes(extension(path))

/** How a text can be shown other than as it is written. */
export type PreviewKind = 'markdown' | 'table' | 'drawing'

const previews: Record<string, PreviewKind> = { csv: 'table', tsv: 'table', svg: 'drawing' }

/** Null for a text that is shown as it is written, and in no other way. */
export const previewOf = (path: string): PreviewKind | null =>
  isMarkdown(path) ? 'markdown' : (previews[extension(path)] ?? null)
