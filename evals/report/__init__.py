"""Reports: a run, or several, as one page that people look at and as Markdown for a pull request."""
