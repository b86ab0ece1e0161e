import type { ReactNode } from 'react'
import type { Endpoint } from '../api/types'
import type { SettingName, Settings } from './assistantFile'

interface SettingFieldsProps {
  settings: Settings
  endpoints: readonly Endpoint[]
  /** The sentence that tells what is wrong; it names the setting in quotes. */
  wrong: string | null
  onChange: (name: SettingName, value: string) => void
}

interface Choice {
  value: string
  label: string
}

/** With what is chosen among them, also when it is not to be had. */
function withChosen(choices: readonly Choice[], chosen: string): readonly Choice[] {
  if (chosen === '' || choices.some(({ value }) => value === chosen)) return choices
  return [...choices, { value: chosen, label: `${chosen} (not on this server)` }]
}

function endpointLabel({ name, local, models }: Endpoint): string {
  return local ? `${name}: the built-in assistant, nothing leaves the server` : `${name} (${models[0]?.name ?? ''})`
}

const modelLabel = ({ name, price }: Endpoint['models'][number]) =>
  price === null ? name : `${name} (${price.input} in, ${price.output} out for a million tokens)`

/** Empty fields leave the choice to the server, or to the endpoint. */
export function SettingFields({ settings, endpoints, wrong, onChange }: SettingFieldsProps) {
  const endpoint = endpoints.find(({ name }) => name === (settings.endpoint === '' ? 'default' : settings.endpoint))
  const first = endpoint?.models[0]?.name ?? ''
  const isWrong = (name: SettingName) => wrong?.includes(`“${name}”`) === true

  const select = (name: 'endpoint' | 'model', label: string, unset: string, choices: readonly Choice[]) => (
    <label className="field">
      {label}
      <select
        value={settings[name]}
        aria-invalid={isWrong(name)}
        onChange={(event) => onChange(name, event.target.value)}
      >
        <option value="">{unset}</option>
        {withChosen(choices, settings[name]).map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  )
  const number = (name: SettingName, label: string, hint: string): ReactNode => (
    <label className="field">
      {label}
      <input
        value={settings[name]}
        inputMode="decimal"
        placeholder={hint}
        aria-invalid={isWrong(name)}
        onChange={(event) => onChange(name, event.target.value.trim())}
      />
    </label>
  )
  return (
    <>
      {select(
        'endpoint',
        'Endpoint',
        'What the server is set to',
        endpoints.map((one) => ({ value: one.name, label: endpointLabel(one) })),
      )}
      {select(
        'model',
        'Model',
        first === '' ? 'What the endpoint is set to' : `The first: ${first}`,
        endpoint?.models.map((model) => ({ value: model.name, label: modelLabel(model) })) ?? [],
      )}
      <div className="config-numbers">
        {number('temperature', 'Temperature', '0 to 2')}
        {number('top_p', 'top_p', 'up to 1')}
        {endpoint?.knows_top_k === true || settings.top_k !== '' ? number('top_k', 'top_k', '1 to 1000') : null}
        {number('max_tokens', 'Longest answer', 'in tokens')}
      </div>
      <label className="field">
        What it should always keep to
        <textarea
          value={settings.system_instruction}
          rows={4}
          placeholder="Such as: We write British English, and address readers as “you”."
          aria-invalid={isWrong('system_instruction')}
          onChange={(event) => onChange('system_instruction', event.target.value)}
        />
      </label>
    </>
  )
}
