#compdef @PROGRAM@
# Completion of @PROGRAM@ for zsh: source <(@PROGRAM@ completion zsh)
_@FUNCTION@() {
	local -a found shown
	local word about
	while IFS=$'\t' read -r word about; do
		found+=("$word")
		shown+=("$word${about:+ -- $about}")
	done < <("${words[1]}" completion:words -current="${words[CURRENT]}" -- "${(j: :)words[2,CURRENT-1]}" 2>/dev/null)
	if ((${#found})); then
		compadd -l -d shown -a -- found
	else
		_files
	fi
}
compdef _@FUNCTION@ @PROGRAM@
