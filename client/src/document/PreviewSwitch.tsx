import { Columns2, Eye, PenLine } from 'lucide-react'
import { ToggleGroup } from 'radix-ui'
import { useNarrow } from '../lib/hooks'
import { Hint } from '../ui/Button'
import { type PreviewMode, setPreviewMode, usePreviewMode } from './previewMode'

const modes = [
  { mode: 'text', label: 'Text only', Icon: PenLine },
  { mode: 'both', label: 'Text and preview side by side', Icon: Columns2 },
  { mode: 'preview', label: 'Preview only', Icon: Eye },
] as const

export function PreviewSwitch() {
  const mode = usePreviewMode()
  const narrow = useNarrow()
  return (
    <ToggleGroup.Root
      className="preview-switch"
      type="single"
      value={mode}
      aria-label="Preview"
      onValueChange={(next) => (next === '' ? undefined : setPreviewMode(next as PreviewMode))}
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
