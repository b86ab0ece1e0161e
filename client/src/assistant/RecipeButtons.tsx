import type { KeyboardEvent } from 'react'
import type { Recipe } from '../api/types'

interface RecipeButtonsProps {
  recipes: readonly Recipe[]
  disabled: boolean
  onChoose: (recipe: Recipe) => void
  onKeyDown: (event: KeyboardEvent) => void
}

/** What the group asks for again and again; three dots say that something is asked first. */
export function RecipeButtons({ recipes, disabled, onChoose, onKeyDown }: RecipeButtonsProps) {
  if (recipes.length === 0) return null
  return (
    <div className="ask-recipes" role="group" aria-label="Recipes" onKeyDown={onKeyDown}>
      {recipes.map((recipe) => (
        <button
          key={recipe.name}
          type="button"
          className="ask-recipe"
          title={recipe.instruction}
          disabled={disabled}
          onClick={() => onChoose(recipe)}
        >
          {recipe.placeholders.length === 0 ? recipe.name : `${recipe.name}…`}
        </button>
      ))}
    </div>
  )
}
