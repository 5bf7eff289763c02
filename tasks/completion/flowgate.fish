# Completion of @PROGRAM@ for fish: @PROGRAM@ completion fish | source
function __fish_@FUNCTION@
	set -l typed (commandline -opc)
	set -l before (string join ' ' -- $typed[2..-1])
	$typed[1] completion:words -current=(commandline -ct) -- "$before" 2>/dev/null
end
complete -c @PROGRAM@ -f -a '(__fish_@FUNCTION@)'
# files where nothing else can be typed
complete -c @PROGRAM@ -n 'not __fish_@FUNCTION@ | read' -F
