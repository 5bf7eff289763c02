# Completion of @PROGRAM@ for bash: source <(@PROGRAM@ completion bash)
_@FUNCTION@() {
	local line="${COMP_LINE:0:COMP_POINT}" current="" before prefix word
	[[ $line == *[[:space:]] ]] || current="${line##*[[:space:]]}"
	before="${line%"$current"}"
	before="${before#*[[:space:]]}"
	# bash breaks words at these signs as well, and completes only what comes after the last of them
	prefix="${current%"${current##*[:=]}"}"
	COMPREPLY=()
	while IFS=$'\t' read -r word _; do
		COMPREPLY+=("${word#"$prefix"}")
	done < <("${COMP_WORDS[0]}" completion:words -current="$current" -- "$before" 2>/dev/null)
}
complete -o default -F _@FUNCTION@ @PROGRAM@
