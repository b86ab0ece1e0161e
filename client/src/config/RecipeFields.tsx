import { Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useStore } from '../lib/store'
import { Button, IconButton } from '../ui/Button'
import { useWorkspace } from '../workspace/context'
import type { OwnRecipe, RecipeKind, Recipes } from './assistantFile'

const kinds: readonly (readonly [RecipeKind, string])[] = [
  ['edit', 'changes the selection'],
  ['write', 'writes at the cursor'],
  ['chat', 'answers in a conversation'],
]

interface RecipeFieldsProps {
  recipes: Recipes
  /** As the file has them: a recipe that is hidden there stays in the list when it is to be shown again. */
  before: Recipes
  onChange: (recipes: Recipes) => void
}

/** The same recipes with `name` being another one; null takes it away. */
function changed(recipes: Recipes, name: string, recipe: OwnRecipe | 'hidden' | null): Recipes {
  const next = new Map(recipes)
  if (recipe === null) next.delete(name)
  else next.set(name, recipe)
  return next
}

/** With another name in the same place. */
const renamed = (recipes: Recipes, from: string, to: string): Recipes =>
  new Map([...recipes].map(([name, recipe]) => [name === from ? to : name, recipe]))

const hiddenIn = (recipes: Recipes): string[] =>
  [...recipes].filter(([, recipe]) => recipe === 'hidden').map(([name]) => name)

/** Built-in recipes to be hidden, and the group's own. */
export function RecipeFields({ recipes, before, onChange }: RecipeFieldsProps) {
  const known = useStore(useWorkspace().recipes)
  const hidden = hiddenIn(recipes)
  const own = [...recipes].flatMap(([name, recipe]) => (recipe === 'hidden' ? [] : [{ name, recipe }]))
  const shown = known.filter((one) => one.built_in).map(({ name }) => name)
  const names = new Set([...shown, ...hiddenIn(before), ...hidden])
  const add = () => {
    let number = 1
    while (recipes.has(`Recipe ${number}`)) number += 1
    onChange(changed(recipes, `Recipe ${number}`, { kind: 'edit', instruction: '' }))
  }
  return (
    <section className="stack config-recipes">
      <h3>Recipes</h3>
      <p>Buttons for what is asked again and again, beside every selection.</p>
      <div className="config-built-in">
        {[...names].map((name) => (
          <label key={name} className="check">
            <input
              type="checkbox"
              checked={!hidden.includes(name)}
              onChange={(event) => onChange(changed(recipes, name, event.target.checked ? null : 'hidden'))}
            />
            {name}
          </label>
        ))}
      </div>
      {own.map(({ name, recipe }, number) => (
        <OwnFields
          // By place: its name is being typed.
          key={number}
          name={name}
          recipe={recipe}
          isFree={(other) => other !== '' && !recipes.has(other)}
          onRename={(to) => onChange(renamed(recipes, name, to))}
          onChange={(next) => onChange(changed(recipes, name, next))}
        />
      ))}
      <div className="row">
        <Button small onClick={add}>
          <Plus aria-hidden size={16} /> Add a recipe
        </Button>
      </div>
    </section>
  )
}

interface OwnFieldsProps {
  name: string
  recipe: OwnRecipe
  isFree: (name: string) => boolean
  onRename: (to: string) => void
  onChange: (recipe: OwnRecipe | null) => void
}

function OwnFields({ name, recipe, isFree, onRename, onChange }: OwnFieldsProps) {
  const [typed, setTyped] = useState<string | null>(null)
  const rename = (to: string) => {
    if (isFree(to.trim())) {
      onRename(to.trim())
      setTyped(null)
    } else setTyped(to)
  }
  return (
    <fieldset className="config-recipe">
      <legend className="sr-only">Recipe {name}</legend>
      <div className="row">
        <label className="field">
          Name
          <input
            value={typed ?? name}
            maxLength={40}
            aria-invalid={typed !== null && typed.trim() !== name ? true : undefined}
            onChange={(event) => rename(event.target.value)}
            onBlur={() => setTyped(null)}
          />
        </label>
        <label className="field">
          It
          <select
            value={recipe.kind}
            onChange={(event) => onChange({ ...recipe, kind: event.target.value as RecipeKind })}
          >
            {kinds.map(([kind, label]) => (
              <option key={kind} value={kind}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <IconButton label={`Delete the recipe ${name}`} onClick={() => onChange(null)}>
          <Trash2 />
        </IconButton>
      </div>
      <label className="field">
        What it asks for
        <textarea
          value={recipe.instruction}
          rows={2}
          placeholder="Such as: Make it a haiku about {a season}. What is in braces is asked each time."
          onChange={(event) => onChange({ ...recipe, instruction: event.target.value })}
        />
      </label>
    </fieldset>
  )
}
