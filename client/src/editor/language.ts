import { LanguageDescription } from '@codemirror/language'
import type { Extension } from '@codemirror/state'
import { baseName } from '../lib/paths'
import { isMarkdown } from '../lib/fileTypes'

/** The language of a file by its name; every grammar is a chunk of its own that loads when a file needs it. */
export async function loadLanguage(path: string): Promise<Extension> {
  const { languages } = await import('@codemirror/language-data')
  if (isMarkdown(path)) {
    const { markdown, markdownLanguage } = await import('@codemirror/lang-markdown')
    return markdown({ base: markdownLanguage, codeLanguages: languages })
  }
  const description = LanguageDescription.matchFilename(languages, baseName(path))
  return description === null ? [] : description.load()
}
