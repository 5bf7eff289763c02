"""Prints what LiteLLM makes of a model with each prefix: {prefix: {base, keys}}.

The arguments are PREFIX=VARIABLE,VARIABLE…: the variables that may hold the key.
keys are those of them whose value LiteLLM takes for the key.
"""
import json
import os
import sys

from litellm.litellm_core_utils.get_llm_provider_logic import get_llm_provider


def ask(prefix, key):
    model, provider, found, base = get_llm_provider(model=prefix + "/x", api_key=key)
    return found, base


out = {}
for argument in sys.argv[1:]:
    prefix, variables = argument.split("=")
    try:
        _, base = ask(prefix, "k")
        keys = []
        for variable in filter(None, variables.split(",")):
            os.environ[variable] = "value-of-" + variable
            if ask(prefix, None)[0] == os.environ[variable]:
                keys.append(variable)
            del os.environ[variable]
        out[prefix] = {"base": base, "keys": keys}
    except Exception as e:
        out[prefix] = {"error": str(e)[:200]}
print(json.dumps(out))
