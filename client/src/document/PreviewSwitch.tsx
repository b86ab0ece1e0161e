import { Columns2, Eye, PenLine } from 'lucide-react'
import { ToggleGroup } from 'radix-ui'
import { useState } from 'react'
import { useNarrow } from '../lib/hooks'
import { Hint } from '../ui/Button'

export type PreviewMode = 'text' | 'both' | 'preview'

const key = 'scriptorium:preview'

function saved(): PreviewMode {
  try {
    const mode = localStorage.getItem(key)
    return mode === 'both' || mode === 'preview' ? mode : 'text'
  } catch {
    return 'text'
  }
}

/** How Markdown is shown, the same for every file and the next visit. A phone has no room for both. */
export function usePreviewMode(): [PreviewMode, (mode: PreviewMode) => void] {
  const [mode, setMode] = useState(saved)
  const narrow = useNarrow()
  const choose = (next: PreviewMode) => {
    setMode(next)
    try {
      localStorage.setItem(key, next)
    } catch {
      // It holds for this page then.
    }
  }
  return [narrow && mode === 'both' ? 'text' : mode, choose]
}

const modes = [
  { mode: 'text', label: 'Text only', Icon: PenLine },
  { mode: 'both', label: 'Text and preview side by side', Icon: Columns2 },
  { mode: 'preview', label: 'Preview only', Icon: Eye },
] as const

interface PreviewSwitchProps {
  mode: PreviewMode
  onChange: (mode: PreviewMode) => void
}

export function PreviewSwitch({ mode, onChange }: PreviewSwitchProps) {
  const narrow = useNarrow()
  return (
    <ToggleGroup.Root
      className="preview-switch"
      type="single"
      value={mode}
      aria-label="Preview"
      onValueChange={(next) => (next === '' ? undefined : onChange(next as PreviewMode))}
    >
      {modes
        .filter((choice) => !(narrow && choice.mode === 'both'))
        .map(({ mode: value, label, Icon }) => (
          <Hint key={value} label={label}>
            <ToggleGroup.Item className="icon-button" value={value} aria-label={label}>
              <Icon />
            </ToggleGroup.Item>
          </Hint>
        ))}
    </ToggleGroup.Root>
  )
}
