import { LineCounter, parseAllDocuments, type YAMLError } from 'yaml'
import { mostProblems, type Problem } from './problem'

const indented = 'This line is indented in another way than the lines that it belongs to'

const words: Readonly<Record<string, string>> = {
  BAD_INDENT: indented,
  TAB_AS_INDENT: 'Indent with spaces, not with tabs',
  DUPLICATE_KEY: 'This name stands here twice',
  MISSING_CHAR: 'Something is not closed, or a sign is missing here',
  MULTILINE_IMPLICIT_KEY: 'A colon is missing, or a quotation mark is not closed',
  BLOCK_AS_IMPLICIT_KEY:
    'This colon comes unexpectedly: put quotes around a text that holds a colon, or see how the lines below are indented',
  UNEXPECTED_TOKEN: 'This is not expected here',
}

/** What the parser also says of a line in which something else is wrong. */
const aftermath: ReadonlySet<string> = new Set(['MULTILINE_IMPLICIT_KEY', 'MISSING_CHAR'])

/** Checked here and not by the server, so that it needs no connection. What stands for what is never put in. */
export function yamlProblems(text: string): Problem[] {
  const problems: Problem[] = []
  // Looking for a name twice compares each with each; the server does that for long texts.
  const documents = parseAllDocuments(text, { lineCounter: new LineCounter(), prettyErrors: false })
  for (const document of documents) {
    problems.push(...causes(document.errors, text).map((error) => problem(error, 'error')))
    problems.push(...document.warnings.map((error) => problem(error, 'warning')))
  }
  return problems.sort((a, b) => a.start - b.start).slice(0, mostProblems)
}

function causes(errors: readonly YAMLError[], text: string): YAMLError[] {
  let lineEnd = -1
  return errors.filter(({ code, pos: [start, end] }) => {
    const follows = start <= lineEnd && aftermath.has(code)
    const next = text.indexOf('\n', end)
    if (!follows) lineEnd = next < 0 ? text.length : next
    return !follows
  })
}

function problem({ code, message, pos: [start, end] }: YAMLError, severity: 'error' | 'warning'): Problem {
  const own = message.replace(/ at line \d+, column \d+:?[\s\S]*$/, '').replace(/\.$/, '')
  return { start, end, severity, message: isListOut(own) ? indented : (words[code] ?? own), source: 'yaml' }
}

/** A list item that stands further out than the one before is taken for the name of a setting. */
const isListOut = (message: string) => message.startsWith('A block sequence may not be used as an implicit map key')
