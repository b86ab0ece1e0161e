import { memo, useDeferredValue, useMemo } from 'react'
import type * as Y from 'yjs'
import { useText } from '../markdown/useText'
import { mostRows, numericColumns, readTable } from './table'

interface RowProps {
  cells: readonly string[]
  columns: readonly boolean[]
}

const same = (a: readonly unknown[], b: readonly unknown[]) =>
  a.length === b.length && a.every((one, at) => one === b[at])

// While one row is being typed, no other is drawn anew.
const Row = memo(
  function Row({ cells, columns }: RowProps) {
    return (
      <tr>
        {columns.map((isNumeric, at) => (
          <td key={at} data-align={isNumeric ? 'right' : undefined}>
            {cells[at] ?? ''}
          </td>
        ))}
      </tr>
    )
  },
  (before, after) => same(before.cells, after.cells) && same(before.columns, after.columns),
)

/** Comma- or tab-separated values as a table. */
export default function TablePreview({ text, path }: { text: Y.Text; path: string }) {
  const source = useDeferredValue(useText(text))
  const table = useMemo(() => readTable(source, path), [source, path])
  const columns = useMemo(() => numericColumns(table), [table])
  if (table.head.length === 0) return <p className="quiet">There are no values yet.</p>
  return (
    <>
      <table className="values">
        <thead>
          <tr>
            {table.head.map((cell, at) => (
              <th key={at} scope="col" data-align={columns[at] ? 'right' : undefined}>
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((cells, at) => (
            <Row key={at} cells={cells} columns={columns} />
          ))}
        </tbody>
      </table>
      {table.isCut ? <p className="quiet">Only the beginning is shown: at most {mostRows} rows.</p> : null}
    </>
  )
}
