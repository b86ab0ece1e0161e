import Papa from 'papaparse'
import { extension } from '../lib/paths'

export interface Table {
  head: readonly string[]
  rows: readonly (readonly string[])[]
  /** Whether there is more than what is shown. */
  isCut: boolean
}

export const mostRows = 500
const mostColumns = 60
/** UTF-16 code units that are looked at. */
const longest = 1_000_000

/** The beginning of a text of values as a table, its first line as the head. */
export function readTable(text: string, path: string): Table {
  const { data } = Papa.parse<string[]>(text.slice(0, longest), {
    delimiter: extension(path) === 'tsv' ? '\t' : '',
    preview: mostRows + 2,
    skipEmptyLines: true,
  })
  const cut = data.map((row) => row.slice(0, mostColumns))
  return {
    head: cut[0] ?? [],
    rows: cut.slice(1, mostRows + 1),
    isCut: text.length > longest || data.length > mostRows + 1 || data.some((row) => row.length > mostColumns),
  }
}

const number = /^\s*[-+]?(?:\d[\d\s.,]*|\.\d+)(?:e[-+]?\d+)?\s*%?\s*$/i

/** Which columns hold numbers and nothing else; those stand on the right. */
export function numericColumns({ head, rows }: Table): boolean[] {
  return head.map((_, column) => {
    const filled = rows.map((row) => row[column] ?? '').filter((cell) => cell !== '')
    return filled.length > 0 && filled.every((cell) => number.test(cell))
  })
}
