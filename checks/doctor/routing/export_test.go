package routing

// JudgeQuota is judgeQuota.
var JudgeQuota = judgeQuota
