import '../../styles/colors.css'
import { useStore } from '../../lib/store'
import { Dialog } from '../../ui/Dialog'
import { Sample } from './Sample'
import { codeColors, currentScheme, schemes, setCodeColors } from './setting'

interface ChoiceProps<T extends string> {
  legend: string
  choices: Readonly<Record<T, string>>
  value: T
  onChange: (value: T) => void
}

function Choice<T extends string>({ legend, choices, value, onChange }: ChoiceProps<T>) {
  return (
    <fieldset className="colors-choices">
      <legend>{legend}</legend>
      {(Object.keys(choices) as T[]).map((name) => (
        <label key={name} className="colors-choice">
          <input type="radio" name={legend} checked={name === value} onChange={() => onChange(name)} />
          {choices[name]}
        </label>
      ))}
    </fieldset>
  )
}

/** Each choice is to be seen at once, here and in the texts that are open. */
export default function ColorsDialog({ onClose }: { onClose: () => void }) {
  const { light, dark } = useStore(codeColors)
  const { mode } = useStore(currentScheme)
  return (
    <Dialog title="Colours of code" description="For you, in this browser." onClose={onClose}>
      <Sample />
      <div className="colors-columns">
        <Choice
          legend={mode === 'light' ? 'While the page is light, as now' : 'While the page is light'}
          choices={schemes.light}
          value={light}
          onChange={(name) => setCodeColors({ light: name })}
        />
        <Choice
          legend={mode === 'dark' ? 'While the page is dark, as now' : 'While the page is dark'}
          choices={schemes.dark}
          value={dark}
          onChange={(name) => setCodeColors({ dark: name })}
        />
      </div>
    </Dialog>
  )
}
