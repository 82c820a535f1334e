// Each script hands the words up to the cursor to `davit __complete`, which answers `word<TAB>description` lines;
// where it knows nothing, the shell's own completion of file names takes over.

const bash = String.raw`# bash completion for davit: source <(davit completion bash)
_davit() {
  local line words=() current
  # Words as typed: bash itself would break them at colons and equals signs.
  if declare -F _get_comp_words_by_ref >/dev/null; then
    local cword
    _get_comp_words_by_ref -n ":=" words cword
    words=("${"$"}{words[@]:0:cword+1}")
  else
    words=("${"$"}{COMP_WORDS[@]:0:COMP_CWORD+1}")
  fi
  current=${"$"}{words[-1]}
  COMPREPLY=()
  while IFS=$'\t' read -r line _; do
    COMPREPLY+=("$line")
  done < <("${"$"}{words[0]}" __complete -- "${"$"}{words[@]:1}" 2>/dev/null)
  # A value follows.
  [[ ${"$"}{COMPREPLY[0]-} == *[=:] ]] && compopt -o nospace
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$current"; fi
}
complete -o default -F _davit davit
`;

const zsh = String.raw`#compdef davit
# zsh completion for davit: davit completion zsh > "${"$"}{fpath[1]}/_davit"
_davit() {
  local -a words_alone words_before_value
  local line word
  while IFS= read -r line; do
    word=${"$"}{line%%$'\t'*}
    # The first colon that is not escaped begins the description.
    line="${"$"}{${"$"}{word//\\/\\\\}//:/\\:}:${"$"}{line#*$'\t'}"
    if [[ $word == *[=:] ]]; then words_before_value+=("$line"); else words_alone+=("$line"); fi
  done < <("${"$"}{(Q)words[1]}" __complete -- "${"$"}{(@Q)words[2,CURRENT]}" 2>/dev/null)
  if (( ${"$"}{#words_alone} + ${"$"}{#words_before_value} )); then
    _describe davit words_alone -- words_before_value -S ""
  else
    _files
  fi
}
if [ "$funcstack[1]" = "_davit" ]; then _davit "$@"; else compdef _davit davit; fi
`;

const fish = String.raw`# fish completion for davit: davit completion fish | source
function __davit_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found ($words[1] __complete -- $words[2..-1] 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c davit -f -a '(__davit_complete)'
`;

export const shellScripts: ReadonlyMap<string, string> = new Map([
  ["bash", bash],
  ["zsh", zsh],
  ["fish", fish],
]);
