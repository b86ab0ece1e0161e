/** What everybody is told while the workspace collects, before joining and ever after. */
export const recorded =
  'What is asked of the assistant here, what it proposes and what is made of it is kept with the names of those who asked and decided, so that the group can tune a model of its own.'
