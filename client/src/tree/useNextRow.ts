import type { TreeInstance } from '@headless-tree/core'
import { type RefCallback, useEffect, useRef } from 'react'
import { useFocusKept } from '../ui/useFocusKept'
import type { TreeNode } from './rules'

/** For what is around the rows: whoever has deleted the one that has the focus goes on with the one below it. */
export function useNextRow(instance: TreeInstance<TreeNode>): RefCallback<HTMLElement> {
  const focusedAt = useRef(0)
  useEffect(() => {
    const index = instance.getItems().findIndex((item) => item.isFocused())
    if (index >= 0) focusedAt.current = index
  })
  return useFocusKept(() => {
    const rows = instance.getItems()
    const next = rows[Math.min(focusedAt.current, rows.length - 1)]
    next?.setFocused()
    return next?.getElement() ?? null
  })
}
