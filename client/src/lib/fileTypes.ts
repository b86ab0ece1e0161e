import { extension } from './paths'

const prose = new Set(['md', 'markdown', 'mdx', 'txt', 'rst', 'adoc', 'tex', 'org', ''])

/** Whether lines of the file are paragraphs, which wrap, rather than code, which does not. */
export const isProse = (path: string) => prose.has(extension(path))

export const isMarkdown = (path: string) => ['md', 'markdown', 'mdx'].includes(extension(path))
