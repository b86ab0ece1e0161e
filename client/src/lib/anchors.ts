import * as Y from 'yjs'
import { fromBase64 } from './bytes'

export interface Resolved {
  index: number
  /** Whether the character that the anchor holds on to was deleted. */
  lost: boolean
}

/** Where an encoded relative position is in the present text; null while the text that it names has not arrived. */
export function resolveAnchor(anchor: string, text: Y.Text): Resolved | null {
  if (text.doc === null) return null
  try {
    const position = Y.decodeRelativePosition(fromBase64(anchor))
    const found = Y.createAbsolutePositionFromRelativePosition(position, text.doc)
    if (found?.type !== text) return null
    return { index: found.index, lost: position.item !== null && Y.getItem(text.doc.store, position.item).deleted }
  } catch (error) {
    console.warn('An anchor cannot be read', error)
    return null
  }
}
