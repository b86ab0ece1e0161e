import js from '@eslint/js'
import hooks from 'eslint-plugin-react-hooks'
import globals from 'globals'
import ts from 'typescript-eslint'

export default ts.config({ ignores: ['dist'] }, js.configs.recommended, {
  files: ['**/*.{ts,tsx}'],
  extends: [ts.configs.strictTypeChecked, ts.configs.stylisticTypeChecked, hooks.configs.flat['recommended-latest']],
  languageOptions: {
    globals: globals.browser,
    parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
  },
  rules: {
    eqeqeq: 'error',
    '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    // A Y.Text has a toString of its own, which its declarations do not tell.
    '@typescript-eslint/no-base-to-string': ['error', { ignoredTypeNames: ['YText'] }],
  },
})
