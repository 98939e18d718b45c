/**
 * Which codes of Auth0's log can mean a change that Concord acts on: a user who is created or deleted, or another
 * email, email_verified, blocked or identity.
 *
 * An entry with any other listed code is a routine trigger: it costs no read of a user who is in sync and was read or
 * listed a while ago (`auth0.loginFreshForMs`). For every other user it is a normal trigger, because often only a login
 * reports a social sign-up. A code that is not listed here can change anything.
 *
 * A login with a social or enterprise connection copies what the identity provider says, so it may change an address
 * or `email_verified`. Such a change is found when the last read is older than that setting, and by the next sweep.
 *
 * Sources: auth0.com/docs, log event type codes; facts about older tenants' codes.
 */

interface Group {
  readonly canChange: boolean;
  readonly why: string;
  readonly codes: readonly string[];
}

const can = (why: string, codes: string): Group => ({ canChange: true, why, codes: codes.split(/\s+/) });
const cannot = (why: string, codes: string): Group => ({ canChange: false, why, codes: codes.split(/\s+/) });

export const LOG_CODES: readonly Group[] = [
  can('a user is created', 'ss si fcph fpurh'),
  can('a user is deleted, or partly deleted', 'sdu du fdu'),
  can('the address is verified', 'sv gd_auth_email_verification'),
  can('a reset by an emailed link verifies the address', 'scp'),
  can('the profile is changed', 'sce scu scpn'),
  can('the Management API may write anything, also where it fails late', 'sapi fapi'),
  can('a directory writes users', 'sui fui sscim fscim'),
  can('a directory writes users', 'directory_sync_started directory_sync_completed directory_sync_failed'),
  can('the Action of the exchange may create or update the user', 'secte'),
  can('a flow or a form may update the user', 'flows_execution_completed flows_execution_failed'),
  can('a flow or a form may update the user', 'forms_submission_succeeded forms_submission_failed'),
  can('an identity may be added or removed', 'connected_accounts_connection_succeeded'),
  can('an identity may be added or removed', 'connected_accounts_delete_succeeded'),
  can('an email factor may verify the address', 'my_account_authentication_method_succeeded'),
  can('says only that something went wrong while a user was managed', 'wum'),

  cannot('a login; the identity provider may have said something new, see above', 's sens'),
  cannot('a failed login changes nothing', 'f fp fu fc fco fcoa fens pla scoa scv mfar w'),
  cannot('a login that Auth0 does without the user', 'ssa fsa'),
  cannot('a logout', 'slo flo federated_logout_failed'),
  cannot('a logout', 'oidc_backchannel_logout_succeeded oidc_backchannel_logout_failed'),
  cannot('a logout', 'universal_logout_succeeded universal_logout_failed'),
  cannot('a token is issued', 'seacft seccft sede seoobft seotpft sepft sepotpft sercft sertft seta'),
  cannot('a token is issued', 'sepkoobft sepkotpft sepkrcft idjag_exchange_succeeded'),
  cannot('a token is issued', 'ciba_exchange_succeeded success_on_behalf_of_token_exchange sd'),
  cannot('no token is issued', 'feacft feccft fecte fede feoobft feotpft fepft fepotpft fercft ferrt fertft'),
  cannot('no token is issued', 'feta idjag_exchange_failed jwt_bearer_exchange_failed ciba_exchange_failed'),
  cannot('no token is issued', 'failed_on_behalf_of_token_exchange fd fpar'),
  cannot('a token is revoked', 'srrt'),
  cannot('a login on another device begins', 'ciba_start_succeeded ciba_start_failed fdeac fdeaz fdecc'),
  cannot('a passkey login begins', 'passkey_challenge_started passkey_challenge_failed'),
  cannot('a passkey sign-up begins; its end is another code', 'passkey_register_started'),
  cannot('a passkey sign-up failed', 'passkey_register_failed'),
  cannot('a message is sent, or not; its link or code has its own code', 'cls cs svr scpr fn wn'),
  cannot('a second factor', 'gd_auth_failed gd_auth_rejected gd_auth_succeed gd_enrollment_complete'),
  cannot('a second factor', 'gd_auth_fail_email_verification gd_send_email gd_send_email_verification'),
  cannot('a second factor', 'gd_send_email_verification_failure gd_otp_rate_limit_exceed gd_recovery_failed'),
  cannot(
    'a second factor',
    'gd_recovery_rate_limit_exceed gd_recovery_succeed gd_send_pn gd_send_pn_failure',
  ),
  cannot('a second factor', 'gd_send_sms gd_send_sms_failure gd_send_voice gd_send_voice_failure'),
  cannot('a second factor', 'gd_start_auth gd_start_enroll gd_start_enroll_failed gd_tenant_update'),
  cannot('a second factor', 'gd_unenroll gd_update_device_account gd_webauthn_challenge_failed'),
  cannot('a second factor', 'gd_webauthn_enrollment_failed too_many_records gd_module_switch'),
  cannot('what failed changed nothing', 'fs fv fvr fce fcp fcpn fcpr fcu fi'),
  cannot(
    'what failed changed nothing',
    'connected_accounts_connection_failed connected_accounts_delete_failed',
  ),
  cannot('what failed changed nothing', 'my_account_authentication_method_failed actions_execution_failed'),
  cannot(
    'attack protection; it never sets `blocked` of a user',
    'limit_wc limit_mu limit_sul limit_ui ublkdu',
  ),
  cannot('attack protection; it never sets `blocked` of a user', 'pwd_leak signup_pwd_leak reset_pwd_leak'),
  cannot('a limit of the tenant', 'api_limit api_limit_warning appi limit_delegation acls_summary'),
  cannot('a read', 'mgmt_api_read rich_consents_access_error'),
  cannot('membership of an organization', 'organization_member_added'),
  cannot(
    'of the tenant, not of a user',
    'depnote acul_sdk_notice custom_domain_verification_failed con coff',
  ),
  cannot('of the tenant, not of a user', 'fcpro resource_cleanup admin_update_launch sys_os_update_start'),
  cannot('of the tenant, not of a user', 'sys_os_update_end sys_update_start sys_update_end'),
  cannot(
    'of the tenant, not of a user',
    'appliance_configuration_api_read appliance_configuration_api_status',
  ),
  cannot('of the tenant, not of a user', 'appliance_configuration_api_write'),
  cannot('of the tenant, not of a user', 'kms_key_management_success kms_key_management_failure'),
  cannot('of the tenant, not of a user', 'kms_key_state_changed ss_sso_failure ss_sso_info ss_sso_success'),
];

const CAN_CHANGE: ReadonlyMap<string, boolean> = new Map(
  LOG_CODES.flatMap(({ canChange, codes }) => codes.map((code) => [code, canChange] as const)),
);

/** Whether an entry with this code adds nothing to a recent read of the user. */
export function isRoutine(code: string): boolean {
  return CAN_CHANGE.get(code) === false;
}

/** Whether Auth0 documents this code, as far as this version of Concord knows. */
export function isDocumented(code: string): boolean {
  return CAN_CHANGE.has(code);
}
