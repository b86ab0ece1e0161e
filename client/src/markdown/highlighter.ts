import { LanguageDescription } from '@codemirror/language'
import { languages } from '@codemirror/language-data'
import { highlightCode } from '@lezer/highlight'
import { StyleModule } from 'style-mod'
import { inkHighlight } from '../editor/highlight'

/** Code as the editor colours it; null for a language that it does not know. */
export async function coloured(code: string, language: string): Promise<DocumentFragment | null> {
  const description =
    LanguageDescription.matchLanguageName(languages, language, false) ??
    LanguageDescription.matchFilename(languages, `code.${language}`)
  if (description === null) return null
  const { parser } = (await description.load()).language
  // The editor brings these styles, but there may be none.
  if (inkHighlight.module !== null) StyleModule.mount(document, inkHighlight.module)
  const fragment = document.createDocumentFragment()
  const put = (text: string, classes: string) => {
    if (classes === '') {
      fragment.append(text)
      return
    }
    const span = document.createElement('span')
    span.className = classes
    span.append(text)
    fragment.append(span)
  }
  highlightCode(code, parser.parse(code), inkHighlight, put, () => fragment.append('\n'))
  return fragment
}
