import { LineCounter, parseAllDocuments, type YAMLError } from 'yaml'
import { mostProblems, type Problem } from './problem'

const words: Readonly<Record<string, string>> = {
  BAD_INDENT: 'This line is indented in another way than the lines that it belongs to',
  TAB_AS_INDENT: 'Indent with spaces, not with tabs',
  DUPLICATE_KEY: 'This name stands here twice',
  MISSING_CHAR: 'Something is not closed, or a sign is missing here',
  MULTILINE_IMPLICIT_KEY: 'A colon is missing, or a quotation mark is not closed',
  BLOCK_AS_IMPLICIT_KEY: 'This colon comes unexpectedly: put quotes around a text that holds a colon',
  UNEXPECTED_TOKEN: 'This is not expected here',
}

/** Checked here and not by the server, so that it needs no connection. What stands for what is never put in. */
export function yamlProblems(text: string): Problem[] {
  const problems: Problem[] = []
  // Looking for a name twice compares each with each; the server does that for long texts.
  const documents = parseAllDocuments(text, { lineCounter: new LineCounter(), prettyErrors: false })
  for (const document of documents) {
    problems.push(...document.errors.map((error) => problem(error, 'error')))
    problems.push(...document.warnings.map((error) => problem(error, 'warning')))
  }
  return problems.sort((a, b) => a.start - b.start).slice(0, mostProblems)
}

function problem({ code, message, pos: [start, end] }: YAMLError, severity: 'error' | 'warning'): Problem {
  const own = message.replace(/ at line \d+, column \d+:?[\s\S]*$/, '').replace(/\.$/, '')
  return { start, end, severity, message: words[code] ?? own, source: 'yaml' }
}
