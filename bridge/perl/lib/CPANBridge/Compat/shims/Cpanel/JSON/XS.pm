package Cpanel::JSON::XS;

use 5.014;
use strict;
use warnings;

use B ();
use Carp ();
use Exporter ();
use JSON::PP::Boolean ();

use CPANBridge::Compat::JSON;

our $VERSION = '4.35';
our @ISA     = qw(CPANBridge::Compat::JSON Exporter);
our @EXPORT  = qw(encode_json decode_json to_json from_json);

our ( $true, $false ) = map { my $value = $_; bless \$value, 'JSON::PP::Boolean' } 1, 0;

__PACKAGE__->make_switches(
    qw(binary escape_slash allow_singlequote allow_barekey allow_bignum allow_dupkeys
      allow_stringify require_types type_all_string)
);

sub import {
    my ( $class, @names ) = @_;

    # Names that pick a JSON module's features, not subs.
    @names = grep { !/\A-(?:support_by_pp|no_export|convert_blessed_universally)\z/ } @names;
    return $class->export_to_level( 1, $class, @names );
}

# As the original does: its booleans compare with the words "true" and "false", too.
{
    package JSON::PP::Boolean;
    no warnings qw(redefine once);
    use overload ();
    my %more = (
        '""' => sub { ${ $_[0] } },
        'eq' => sub {
            my ( $object, $other ) = $_[2] ? @_[ 1, 0 ] : @_;
            my ( $this, $that ) = ref $object eq __PACKAGE__ ? ( $object, $other ) : ( $other, $object );
            my $true = ${$this} ? 1 : 0;
            return ( ${$that} ? 1 : 0 ) == $true if ref $that eq __PACKAGE__;
            no warnings 'uninitialized';
            return $true ? "$that" eq '1' || "$that" eq 'true' : "$that" eq '0' || "$that" eq '' || "$that" eq 'false';
        },
        'ne' => sub { return !( $_[0] eq $_[1] ) },
    );
    for my $operator ( keys %more ) {
        overload->import( $operator => $more{$operator} ) if !overload::Method( __PACKAGE__, $operator );
    }
}

sub _booleans { return ( $false, $true ) }

sub new {
    my ($class) = @_;
    my $self = $class->SUPER::new;
    @$self{ 'cpanel', 'allow_nonref' } = ( 1, 0 );
    return $self;
}

sub true ()  { return $true }
sub false () { return $false }

sub is_bool {
    my $class = ref $_[-1];    # also as a method
    return 1 if $class eq 'JSON::PP::Boolean' || $class eq 'JSON::XS::Boolean' || $class eq 'Cpanel::JSON::XS::Boolean';
    return '';
}

my $utf8 = __PACKAGE__->new->utf8->allow_nonref;
my $utf8_references = __PACKAGE__->new->utf8;

sub encode_json ($;$) { return $utf8->encode(@_) }

sub decode_json ($;$$) {
    my $codec = @_ > 1 && $_[1] ? $utf8 : $utf8_references;
    return @_ > 2 ? $codec->decode( $_[0], $_[2] ) : $codec->decode( $_[0] );
}

sub to_json ($@)   { return _renamed( 'to_json', 'encode_json', @_ ) }
sub from_json ($@) { return _renamed( 'from_json', 'decode_json', @_ ) }

sub _renamed {
    my ( $old, $new ) = @_;
    Carp::croak("Cpanel::JSON::XS::$old has been renamed to $new, either downgrade to pre-2.0 versions of Cpanel::JSON::XS or rename the call");
}

sub allow_bigint { Carp::carp('Cpanel::JSON::XS::allow_bigint is obsolete; use allow_bignum'); return }

sub indent_length {
    my ( $self, $length ) = @_;
    Carp::croak('indent_length must be a number from 0 to 15') if defined $length && $length !~ /\A(?:[0-9]|1[0-5])\z/;
    $self->{indent_length} = defined $length ? $length : 3;
    return $self;
}

sub get_indent_length { return $_[0]{indent_length} }

sub stringify_infnan {
    my ( $self, $mode ) = @_;
    $mode = 1 if @_ < 2;
    Carp::croak("invalid stringify_infnan mode $mode. Must be 0, 1, 2 or 3") if $mode !~ /\A[0-3]\z/;
    $self->{stringify_infnan} = $mode;
    return $self;
}

sub get_stringify_infnan { return $_[0]{stringify_infnan} || 0 }

sub sort_by { my ( $self, $by ) = @_; return $self->canonical( @_ < 2 || $by ? 1 : 0 ) }

sub unblessed_bool {
    my ( $self, $on ) = @_;
    $on = @_ < 2 || $on ? 1 : 0;
    $self->{unblessed_bool} = $on;
    @$self{ 'false', 'true' } = $on ? ( !!0, !!1 ) : ( $false, $true );
    return $self;
}

sub get_unblessed_bool { return $_[0]{unblessed_bool} ? 1 : '' }

sub encode {
    my ( $self, $value, $type ) = @_;
    if ( !ref $value && !$self->{allow_nonref} ) {
        CPANBridge::Compat::JSON::blame('hash- or arrayref expected (not a simple scalar, use allow_nonref to allow this)');
    }
    return @_ > 2 ? $self->SUPER::encode( $_[1], $type ) : $self->SUPER::encode( $_[1] );
}

sub relaxed {
    my ( $self, $on ) = @_;
    $on = @_ < 2 || $on ? 1 : 0;
    $self->allow_dupkeys($on);
    return $self->SUPER::relaxed($on);
}

sub dupkeys_as_arrayref {
    my ( $self, $on ) = @_;
    $self->{dupkeys_as_arrayref} = @_ < 2 || $on ? 1 : 0;
    $self->allow_dupkeys if $self->{dupkeys_as_arrayref};
    return $self;
}

sub get_dupkeys_as_arrayref { return $_[0]{dupkeys_as_arrayref} ? 1 : '' }

sub _decode {
    my ( $self, @args ) = @_;
    local @$self{qw(singlequote barekey unique_keys gather_keys)} = (
        $self->{allow_singlequote} || $self->{relaxed},
        $self->{allow_barekey}     || $self->{relaxed},
        !$self->{allow_dupkeys},
        $self->{dupkeys_as_arrayref},
    );
    return $self->SUPER::_decode(@args);
}

sub decode {
    my $self = shift;
    return $self->SUPER::decode( $_[0] ) if @_ < 2;
    local $self->{mark_long} = 1;
    my $value = $self->SUPER::decode( $_[0] );
    $_[1] = _type_of($value);
    return $value;
}

# What kind of JSON a value came from. Integers that are too long for numbers are marked; they become strings.
sub _type_of {
    my $value = $_[0];
    return 256 if !defined $value;
    my $ref = ref $value;
    return [ map { _type_of($_) } @$value ] if $ref eq 'ARRAY';
    return { map { $_ => _type_of( $value->{$_} ) } keys %$value } if $ref eq 'HASH';
    return 1 if $ref eq 'JSON::PP::Boolean';
    if ( $ref eq 'CPANBridge::Compat::JSON::Long' ) { $_[0] = $$value; return 2 }
    return $ref eq 'Math::BigInt' ? 2 : 3 if $ref =~ /\AMath::Big/;
    my $flags = B::svref_2object( \$value )->FLAGS;
    return 1 if $flags & B::SVf_POK() && $flags & B::SVf_IOK();
    return 4 if $flags & B::SVf_POK();
    return $flags & B::SVf_NOK() && !( $flags & B::SVf_IOK() ) ? 3 : 2;
}

1;

__END__

=head1 NAME

Cpanel::JSON::XS - JSON for programs that ask for this module, in Perl

=head1 SYNOPSIS

    use Cpanel::JSON::XS;

    my $text = encode_json { name => "M\x{fc}ller", amounts => [ 1, 2.5 ] };
    my $data = decode_json $text;
    print Cpanel::JSON::XS->new->pretty->canonical->encode($data);

=head1 DESCRIPTION

A replacement that comes with L<CPANBridge::Compat>, written in Perl: it needs no daemon. It is for programs that name
Cpanel::JSON::XS; modules that merely look whether it is there (JSON::MaybeXS) do not find it, as the core's JSON::PP does the
same for them.

=head1 COVERED

All functions and methods that Cpanel::JSON::XS 4.35 documents, its error texts, which scalars become strings and which
numbers, types (L<Cpanel::JSON::XS::Type>), tagged objects, big numbers, and texts that come in pieces (C<incr_parse>).

=head1 NOT COVERED

=over 4

=item *

The speed of C. Encoding takes about twenty times, decoding about ten times as long; JSON::PP takes three times as
long as this.

=item *

Malformed UTF-8 is shown in error texts byte by byte.

=item *

The program C<cpanel_json_xs>.

=back

=cut
