import { EditorState, type TransactionSpec } from '@codemirror/state'
import { ySyncAnnotation } from 'y-codemirror.next'

// With the u flag a class of surrogates matches only those without their other half.
const forbidden = /[\0\uD800-\uDFFF]/gu

/** Whoever may not write writes nothing, whatever command tries to: the server would refuse it. */
export const keepReadOnly = EditorState.changeFilter.of(
  (transaction) => !transaction.startState.readOnly || transaction.annotation(ySyncAnnotation) !== undefined,
)

/** Shared text holds no NUL and no half of a surrogate pair; the server would close the connection over one. */
export const replaceForbidden = EditorState.transactionFilter.of((transaction) => {
  if (!transaction.docChanged || transaction.annotation(ySyncAnnotation) !== undefined) return transaction
  const changes: { from: number; to: number; insert: string }[] = []
  transaction.changes.iterChanges((_fromA, _toA, fromB, _toB, inserted) => {
    for (const match of inserted.toString().matchAll(forbidden)) {
      const at = fromB + match.index
      changes.push({ from: at, to: at + 1, insert: '\uFFFD' })
    }
  })
  if (changes.length === 0) return transaction
  return [transaction, { changes, sequential: true } satisfies TransactionSpec]
})
