import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser'
import { mostProblems, type Problem } from './problem'

const words: Readonly<Record<string, string>> = {
  InvalidSymbol: 'This word means nothing here: a text goes into double quotes',
  InvalidNumberFormat: 'This is no number',
  PropertyNameExpected: 'A name in double quotes is missing here',
  ValueExpected: 'A value is missing here',
  ColonExpected: 'A colon is missing here',
  CommaExpected: 'A comma or a closing bracket is missing here',
  CloseBraceExpected: 'A closing brace is missing here',
  CloseBracketExpected: 'A closing bracket is missing here',
  EndOfFileExpected: 'The text should end here, but it goes on',
  InvalidCommentToken: 'There are no comments in this kind of file',
  UnexpectedEndOfComment: 'A comment is opened and not closed',
  UnexpectedEndOfString: 'A quotation mark is opened and not closed',
  UnexpectedEndOfNumber: 'This number is not finished',
  InvalidUnicode: 'Four digits belong behind \\u',
  InvalidEscapeCharacter: 'There is no such sign as this one behind a backslash',
  InvalidCharacter: 'A tab or another unseen character may not stand inside of quotation marks',
}

/** Checked here and not by the server, so that it needs no connection. */
export function jsonProblems(text: string, comments: boolean): Problem[] {
  if (text.trim() === '') return []
  const errors: ParseError[] = []
  parse(text, errors, { disallowComments: !comments, allowTrailingComma: comments })
  const found = errors.slice(0, mostProblems).map(({ error, offset, length }) => {
    const before = text.slice(0, offset).trimEnd()
    const isComma = before.endsWith(',') && /[\]}]/.test(text.charAt(offset))
    return isComma
      ? problem(before.length - 1, 1, 'There is a comma too many in front of the closing bracket')
      : problem(offset, length, words[printParseErrorCode(error)] ?? 'This is not valid JSON')
  })
  // Of several in one place the first is meant.
  return found.filter(({ start }, nth) => found.findIndex((other) => other.start === start) === nth)
}

const problem = (start: number, length: number, message: string): Problem => ({
  start,
  end: start + length,
  severity: 'error',
  message,
  source: 'json',
})
