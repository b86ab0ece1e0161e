import { isMarkdown } from '../lib/fileTypes'
import { asRead } from '../markdown/passages'

/** Lines that are drawn as something other than words: fences, rules, underlines of headings and those of tables. */
const drawn = /^[ \t]*(?:(?:```|~~~).*|[-=*_|:+ \t]{3,})$/gm

/** What a comment is about, in words for the head of its thread. */
export function quoteInWords(quote: string, path: string): string {
  if (quote === '') return 'an empty line'
  if (!isMarkdown(path)) return quote
  const read = asRead(quote.replace(drawn, ''))
    .replace(/[ \t]{2,}/g, ' ')
    .replace(/\s*\n\s*/g, '\n')
    .trim()
  return read === '' ? quote : read
}
