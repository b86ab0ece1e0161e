import { MessageSquareQuote } from 'lucide-react'
import { useStore } from '../lib/store'
import { IconButton } from '../ui/Button'
import { useWorkspace } from '../workspace/context'
import type { Panel } from '../workspace/Shell'
import { openIn } from './threads'

interface CommentsButtonProps {
  document: string | null
  pressed: boolean
  onPanel: (panel: Panel) => void
}

/** Opens the comments, and says how many wait in the text that is open. */
export function CommentsButton({ document, pressed, onPanel }: CommentsButtonProps) {
  const open = openIn(useStore(useWorkspace().comments.threads), document)
  return (
    <IconButton
      label={open === 0 ? 'Comments' : `Comments: ${open} open in this file`}
      data-count={open === 0 ? undefined : open}
      aria-pressed={pressed}
      onClick={() => onPanel('comments')}
    >
      <MessageSquareQuote />
    </IconButton>
  )
}
