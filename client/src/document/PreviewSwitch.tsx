import { Columns2, Eye, PenLine } from 'lucide-react'
import { ToggleGroup } from 'radix-ui'
import { useActions } from '../actions/useActions'
import { useNarrow } from '../lib/hooks'
import { Hint, IconButton } from '../ui/Button'
import { type PreviewMode, setPreviewMode, usePreviewMode } from './previewMode'

const modes = [
  { mode: 'text', label: 'Text only', Icon: PenLine },
  { mode: 'both', label: 'Text and preview side by side', Icon: Columns2 },
  { mode: 'preview', label: 'Preview only', Icon: Eye },
] as const

/** Where only one fits: the text or its preview. */
function PreviewToggle({ mode }: { mode: PreviewMode }) {
  const shown = mode === 'preview'
  return (
    <IconButton label="Preview" aria-pressed={shown} onClick={() => setPreviewMode(shown ? 'text' : 'preview')}>
      <Eye />
    </IconButton>
  )
}

export default function PreviewSwitch() {
  const mode = usePreviewMode()
  const narrow = useNarrow()
  useActions({
    'show.text': () => setPreviewMode('text'),
    ...(narrow ? {} : { 'show.both': () => setPreviewMode('both') }),
    'show.preview': () => setPreviewMode('preview'),
  })
  if (narrow) return <PreviewToggle mode={mode} />
  return (
    <ToggleGroup.Root
      className="preview-switch"
      type="single"
      value={mode}
      aria-label="Preview"
      onValueChange={(next) => (next === '' ? undefined : setPreviewMode(next as PreviewMode))}
    >
      {modes.map(({ mode: value, label, Icon }) => (
        <Hint key={value} label={label}>
          <ToggleGroup.Item className="icon-button" value={value} aria-label={label}>
            <Icon />
          </ToggleGroup.Item>
        </Hint>
      ))}
    </ToggleGroup.Root>
  )
}
