export interface Target {
  /** Letters of the path; "" for the file that is open. */
  query: string
  /** Counted from 1; null when none was named. */
  line: number | null
  column: number | null
}

/** Reads "name", "name:12", "name:12:4" or ":12", as compilers write places. A colon to which no number has come yet is none. */
export function readTarget(typed: string): Target {
  const [, query = '', line, column] = /^(.*?)(?::(\d*))?(?::(\d*))?$/s.exec(typed) ?? []
  const number = (text: string | undefined) => (text === undefined || text === '' ? null : Number(text))
  return { query: query.trim(), line: number(line), column: number(column) }
}

/** Whether only a place in the open file is meant. */
export const isPlaceOnly = (typed: string) => typed.trimStart().startsWith(':')
